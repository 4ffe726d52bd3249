package io.github.auroracdc.catalog;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.encryption.EncryptionManager;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.LocationProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Table operations whose commits take turns and leave one snapshot each. DuckDB commits a transaction of DELETE and INSERT as
 * two snapshots, and time travel to the first would show a table that never was.
 */
final class OneSnapshotPerCommit implements TableOperations {
  private static final Logger LOG = LoggerFactory.getLogger(OneSnapshotPerCommit.class);

  private final TableOperations table;
  private final ReentrantLock lock;

  OneSnapshotPerCommit(TableOperations table, ReentrantLock lock) {
    this.table = table;
    this.lock = lock;
  }

  @Override
  public void commit(TableMetadata base, TableMetadata metadata) {
    lock.lock();
    try {
      SnapshotMerge merge = base == null ? null : SnapshotMerge.of(base, metadata, io());
      if (merge == null) {
        table.commit(base, metadata);
      } else {
        table.commit(base, merge.apply(table));
        deleteManifests(merge.replaced());
      }
    } finally {
      lock.unlock();
    }
  }

  /** What only the replaced snapshots named. A file that stays is waste, nothing worse, so a failure is logged. */
  private void deleteManifests(List<Snapshot> replaced) {
    for (Snapshot snapshot : replaced) {
      try {
        for (ManifestFile manifest : snapshot.allManifests(io())) {
          if (manifest.snapshotId() == snapshot.snapshotId()) {
            io().deleteFile(manifest.path());
          }
        }
        io().deleteFile(snapshot.manifestListLocation());
      } catch (NotFoundException e) {
        LOG.debug("A manifest of a replaced snapshot is gone already", e);
      } catch (RuntimeException e) {
        LOG.warn("Could not delete the manifests of replaced snapshot {}", snapshot.snapshotId(), e);
      }
    }
  }

  @Override
  public TableMetadata current() {
    return table.current();
  }

  @Override
  public TableMetadata refresh() {
    return table.refresh();
  }

  @Override
  public FileIO io() {
    return table.io();
  }

  @Override
  public EncryptionManager encryption() {
    return table.encryption();
  }

  @Override
  public String metadataFileLocation(String fileName) {
    return table.metadataFileLocation(fileName);
  }

  @Override
  public LocationProvider locationProvider() {
    return table.locationProvider();
  }

  @Override
  public TableOperations temp(TableMetadata uncommitted) {
    return table.temp(uncommitted);
  }

  @Override
  public long newSnapshotId() {
    return table.newSnapshotId();
  }

  @Override
  public boolean requireStrictCleanup() {
    return table.requireStrictCleanup();
  }
}
