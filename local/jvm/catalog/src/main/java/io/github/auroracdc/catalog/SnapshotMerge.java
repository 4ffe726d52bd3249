package io.github.auroracdc.catalog;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.MetadataUpdate;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotUpdate;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.LocationProvider;

/**
 * Several snapshots that one commit adds to one branch, made one: their data and delete files go into a single row delta, written
 * by Iceberg itself, so that sequence numbers, totals and the owners of manifests are those of an ordinary commit.
 *
 * <p>A single snapshot of DuckDB's that deletes is written anew too, for the sake of {@link NamedDeletes}.
 *
 * <p>This keeps the rows, because a position delete names file and position, and applies to data of its own sequence number too.
 * An equality delete does not, so a commit that has one is left as it is.
 */
final class SnapshotMerge {
  private final TableMetadata base;
  private final List<Snapshot> replaced;
  private final List<MetadataUpdate> others;
  private final String branch;

  private SnapshotMerge(TableMetadata base, List<Snapshot> replaced, List<MetadataUpdate> others, String branch) {
    this.base = base;
    this.replaced = replaced;
    this.others = others;
    this.branch = branch;
  }

  /** Null where a commit is fine as it is, or not for us: snapshots on several branches, or with equality deletes among them. */
  static SnapshotMerge of(TableMetadata base, TableMetadata metadata, FileIO io) {
    List<Snapshot> added = new ArrayList<>();
    List<MetadataUpdate.SetSnapshotRef> refs = new ArrayList<>();
    List<MetadataUpdate> others = new ArrayList<>();
    for (MetadataUpdate change : metadata.changes()) {
      if (change instanceof MetadataUpdate.AddSnapshot) {
        added.add(((MetadataUpdate.AddSnapshot) change).snapshot());
      } else if (change instanceof MetadataUpdate.SetSnapshotRef) {
        refs.add((MetadataUpdate.SetSnapshotRef) change);
      } else {
        others.add(change);
      }
    }
    Set<String> branches = refs.stream().map(MetadataUpdate.SetSnapshotRef::name).collect(Collectors.toSet());
    if (added.isEmpty() || branches.size() != 1 || metadata.formatVersion() != 2) {
      return null;
    }
    String branch = branches.iterator().next();
    long head = added.get(added.size() - 1).snapshotId();
    if (!metadata.ref(branch).isBranch() || metadata.ref(branch).snapshotId() != head || !isChain(base, branch, added)) {
      return null;
    }
    List<DeleteFile> deletes = added.stream().flatMap(snapshot -> stream(snapshot.addedDeleteFiles(io))).toList();
    boolean fine = added.size() == 1 && deletes.stream().noneMatch(NamedDeletes::canName);
    if (fine || deletes.stream().anyMatch(file -> file.content() == FileContent.EQUALITY_DELETES)) {
      return null;
    }
    return new SnapshotMerge(base, added, others, branch);
  }

  private static boolean isChain(TableMetadata base, String branch, List<Snapshot> added) {
    Long parent = base.ref(branch) == null ? null : base.ref(branch).snapshotId();
    for (Snapshot snapshot : added) {
      if (parent == null ? snapshot.parentId() != null : !parent.equals(snapshot.parentId())) {
        return false;
      }
      parent = snapshot.snapshotId();
    }
    return true;
  }

  List<Snapshot> replaced() {
    return replaced;
  }

  /** The metadata to commit instead: the same other changes, one snapshot, under the id of the last of those it replaces. */
  TableMetadata apply(TableOperations table) {
    Map<String, DataFile> rows = new LinkedHashMap<>();
    Map<String, DeleteFile> deletes = new LinkedHashMap<>();
    List<DataFile> removedRows = new ArrayList<>();
    List<DeleteFile> removedDeletes = new ArrayList<>();
    for (Snapshot snapshot : replaced) {
      snapshot.addedDataFiles(table.io()).forEach(file -> rows.put(file.location(), file));
      snapshot.addedDeleteFiles(table.io()).forEach(file -> deletes.put(file.location(), NamedDeletes.named(file, base.spec(file.specId()))));
      // A file that one snapshot adds and the next removes is not in the table at all.
      snapshot.removedDataFiles(table.io()).forEach(file -> keepUnless(rows.remove(file.location()) != null, file, removedRows));
      snapshot.removedDeleteFiles(table.io()).forEach(file -> keepUnless(deletes.remove(file.location()) != null, file, removedDeletes));
    }

    Captured captured = new Captured(table, withOthers(), head());
    RowDelta delta = new BaseTable(captured, "commit").newRowDelta();
    rows.values().forEach(delta::addRows);
    deletes.values().forEach(delta::addDeletes);
    removedRows.forEach(delta::removeRows);
    removedDeletes.forEach(delta::removeDeletes);
    ((SnapshotUpdate<?>) delta).toBranch(branch);
    delta.commit();
    return captured.current();
  }

  private static <F> void keepUnless(boolean dropped, F file, List<F> kept) {
    if (!dropped) {
      kept.add(file);
    }
  }

  private static Stream<DeleteFile> stream(Iterable<DeleteFile> files) {
    return StreamSupport.stream(files.spliterator(), false);
  }

  private long head() {
    return replaced.get(replaced.size() - 1).snapshotId();
  }

  private TableMetadata withOthers() {
    TableMetadata.Builder builder = TableMetadata.buildFrom(base);
    others.forEach(change -> change.applyTo(builder));
    return builder.build();
  }

  /** Operations that keep what is committed to them instead of writing it. */
  private static final class Captured implements TableOperations {
    private final TableOperations files;
    private final long snapshotId;
    private TableMetadata current;

    Captured(TableOperations files, TableMetadata current, long snapshotId) {
      this.files = files;
      this.current = current;
      this.snapshotId = snapshotId;
    }

    @Override
    public TableMetadata current() {
      return current;
    }

    @Override
    public TableMetadata refresh() {
      return current;
    }

    @Override
    public void commit(TableMetadata from, TableMetadata metadata) {
      current = metadata;
    }

    @Override
    public FileIO io() {
      return files.io();
    }

    @Override
    public String metadataFileLocation(String fileName) {
      return files.metadataFileLocation(fileName);
    }

    @Override
    public LocationProvider locationProvider() {
      return files.locationProvider();
    }

    @Override
    public long newSnapshotId() {
      return snapshotId;
    }
  }
}
