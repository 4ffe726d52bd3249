package io.github.auroracdc.catalog;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.iceberg.catalog.TableIdentifier;

/** One fair lock a table: commits and maintenance of one table take turns, those of different tables do not wait. */
final class TableLocks {
  private final Map<TableIdentifier, ReentrantLock> locks = new ConcurrentHashMap<>();

  ReentrantLock of(TableIdentifier table) {
    return locks.computeIfAbsent(table, ignored -> new ReentrantLock(true));
  }
}
