package io.github.auroracdc.catalog;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.ManifestReader;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.util.ContentFileUtil;

/**
 * Rewrites a table into fewer files with the same rows, as one "replace" snapshot. The caller holds the table's lock.
 *
 * <p>{@code SMALL} costs what changed, not what the table holds: small files and files with many deleted rows become new ones, and
 * a big file keeps its bytes and gets one delete file instead of one for each batch. A file counts as small when it has at most
 * twice the rows of all smaller ones together, so that over time a row is rewritten a logarithmic number of times and files stay
 * few. {@code FULL} leaves no delete file.
 */
final class Compaction {
  enum Mode {
    SMALL,
    FULL
  }

  record Outcome(
      boolean changed, int dataFilesBefore, int dataFilesAfter, int deleteFilesBefore, int deleteFilesAfter, long rewrittenRows, long writtenBytes) {}

  private static final long ALWAYS_SMALL_ROWS = 100_000;
  private static final long NEVER_SMALL_BYTES = 128L << 20;
  private static final double MANY_DELETED = 0.2;

  private final Table table;
  private final Mode mode;
  private final List<FileScanTask> rewritten = new ArrayList<>();
  /** What is deleted in the data files that stay and have more than one delete file, or one that they share. */
  private final Map<FileScanTask, PositionDeleteIndex> merged = new LinkedHashMap<>();
  private final Set<String> keptDeletes = new HashSet<>();
  private int dataFiles;

  private Compaction(Table table, Mode mode) {
    this.table = table;
    this.mode = mode;
  }

  static Outcome run(Table table, Mode mode) {
    Compaction compaction = new Compaction(table, mode);
    compaction.plan();
    return compaction.rewrite();
  }

  private void plan() {
    BaseDeleteLoader loader = new BaseDeleteLoader(file -> table.io().newInputFile(file.location()));
    long smallRows = 0;
    for (FileScanTask task : tasks()) {
      dataFiles++;
      if (task.file().format() != FileFormat.PARQUET) {
        throw new UnsupportedOperationException("Compaction rewrites Parquet files only; " + task.file().location() + " is " + task.file().format());
      }
      List<DeleteFile> deletes = task.deletes();
      long rows = task.file().recordCount();
      boolean small = rows <= Math.max(ALWAYS_SMALL_ROWS, 2 * smallRows) && task.file().fileSizeInBytes() < NEVER_SMALL_BYTES;
      boolean equality = deletes.stream().anyMatch(file -> file.content() == FileContent.EQUALITY_DELETES);
      if (mode == Mode.FULL || small || equality) {
        rewritten.add(task);
        smallRows += rows;
      } else if (!deletes.isEmpty()) {
        PositionDeleteIndex index = loader.loadPositionDeletes(deletes, task.file().location());
        if (index.cardinality() > MANY_DELETED * rows) {
          rewritten.add(task);
        } else if (deletes.size() == 1 && ContentFileUtil.isFileScoped(deletes.get(0))) {
          keptDeletes.add(deletes.get(0).location());
        } else {
          merged.put(task, index);
        }
      }
    }
    // A single file without deletes would become itself again.
    if (rewritten.size() == 1 && rewritten.get(0).deletes().isEmpty()) {
      rewritten.clear();
    }
  }

  private Outcome rewrite() {
    Map<String, DeleteFile> deletes = liveDeletes();
    int deletesBefore = deletes.size();
    deletes.keySet().removeAll(keptDeletes);
    if (rewritten.isEmpty() && deletes.isEmpty()) {
      return new Outcome(false, dataFiles, dataFiles, deletesBefore, deletesBefore, 0, 0);
    }

    try (RewrittenFiles written = new RewrittenFiles(table)) {
      RewriteFiles commit = table.newRewrite().validateFromSnapshot(table.currentSnapshot().snapshotId());
      for (FileScanTask task : rewritten) {
        written.copyRows(task);
        commit.deleteFile(task.file());
      }
      written.finishRows().forEach(commit::addFile);
      for (Map.Entry<FileScanTask, PositionDeleteIndex> entry : merged.entrySet()) {
        List<DeleteFile> old = entry.getKey().deletes();
        long sequence = old.stream().mapToLong(DeleteFile::dataSequenceNumber).max().orElseThrow();
        if (entry.getValue().isNotEmpty()) {
          commit.addFile(written.writeDeletes(entry.getKey().file().location(), entry.getValue()), sequence);
        }
      }
      deletes.values().forEach(commit::deleteFile);
      commit.commit();
      written.keep();
      return new Outcome(
          true,
          dataFiles,
          dataFiles - rewritten.size() + written.dataFiles(),
          deletesBefore,
          deletesBefore - deletes.size() + written.deleteFiles(),
          written.rows(),
          written.bytes());
    }
  }

  /** The data files of the current snapshot, those with the fewest rows first. */
  private List<FileScanTask> tasks() {
    try (CloseableIterable<FileScanTask> files = table.newScan().planFiles()) {
      List<FileScanTask> tasks = new ArrayList<>();
      files.forEach(tasks::add);
      tasks.sort(Comparator.comparingLong(task -> task.file().recordCount()));
      return tasks;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Every delete file of the current snapshot, also those whose data file is gone. */
  private Map<String, DeleteFile> liveDeletes() {
    Map<String, DeleteFile> deletes = new LinkedHashMap<>();
    Snapshot head = table.currentSnapshot();
    for (ManifestFile manifest : head == null ? List.<ManifestFile>of() : head.deleteManifests(table.io())) {
      try (ManifestReader<DeleteFile> files = ManifestFiles.readDeleteManifest(manifest, table.io(), table.specs())) {
        files.forEach(file -> deletes.put(file.location(), file.copy()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return deletes;
  }
}
