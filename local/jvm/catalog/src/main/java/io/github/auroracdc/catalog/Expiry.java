package io.github.auroracdc.catalog;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.iceberg.ExpireSnapshots;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.util.SnapshotUtil;

/** Removes old snapshots and the files that only they name. The caller holds the table's lock. */
final class Expiry {
  record Outcome(int expiredSnapshots, int retainedSnapshots, int deletedFiles) {}

  private Expiry() {}

  /** Keeps the newest {@code retainLast} snapshots, and of the others those younger than {@code olderThanMs} milliseconds. */
  static Outcome run(Table table, int retainLast, long olderThanMs) {
    long before = System.currentTimeMillis() - olderThanMs;
    Set<Long> referenced = table.refs().values().stream().map(SnapshotRef::snapshotId).collect(Collectors.toCollection(HashSet::new));
    int all = 0;
    ExpireSnapshots expire = table.expireSnapshots();
    int expired = 0;
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(table)) {
      // By id, one by one: Iceberg then looks for files that nothing reaches any more, instead of inferring them from history.
      if (all++ >= retainLast && snapshot.timestampMillis() <= before && !referenced.contains(snapshot.snapshotId())) {
        expire.expireSnapshotId(snapshot.snapshotId());
        expired++;
      }
    }
    if (expired == 0) {
      return new Outcome(0, all, 0);
    }
    AtomicInteger deleted = new AtomicInteger();
    expire
        .deleteWith(
            location -> {
              try {
                table.io().deleteFile(location);
                deleted.incrementAndGet();
              } catch (NotFoundException e) {
                // Gone already: an expiry that was interrupted deleted it.
              }
            })
        .commit();
    return new Outcome(expired, all - expired, deleted.get());
  }
}
