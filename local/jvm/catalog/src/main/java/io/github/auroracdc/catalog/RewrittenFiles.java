package io.github.auroracdc.catalog;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.data.GenericAppenderFactory;
import org.apache.iceberg.data.GenericDeleteFilter;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.data.parquet.GenericParquetReaders;
import org.apache.iceberg.deletes.PositionDelete;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.deletes.PositionDeleteWriter;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.encryption.EncryptionKeyMetadata;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.parquet.Parquet;

/** The new files of one compaction. Rows stream from reader to writer; closing without {@link #keep} deletes what was written. */
final class RewrittenFiles implements Closeable {
  private static final long TARGET_FILE_BYTES = 256L << 20;
  private static final int ROWS_BETWEEN_SIZE_CHECKS = 10_000;

  private final Table table;
  private final Schema schema;
  private final GenericAppenderFactory appenders;
  private final List<String> locations = new ArrayList<>();
  private final List<DataFile> dataFiles = new ArrayList<>();
  private DataWriter<Record> writer;
  private int deleteFiles;
  private long rows;
  private long bytes;
  private boolean kept;

  RewrittenFiles(Table table) {
    this.table = table;
    this.schema = table.schema();
    Map<String, String> properties = new HashMap<>(table.properties());
    // The writer holds a row group in memory, and DuckDB reads row groups in parallel: both like them small.
    properties.put(TableProperties.PARQUET_ROW_GROUP_SIZE_BYTES, String.valueOf(16 << 20));
    this.appenders = new GenericAppenderFactory(table, schema, table.spec(), properties, null, null, null);
  }

  /** Appends the rows of one data file that no delete file deletes. */
  void copyRows(FileScanTask task) {
    GenericDeleteFilter deletes = new GenericDeleteFilter(table.io(), task, schema, schema);
    Schema read = deletes.requiredSchema();
    CloseableIterable<Record> all =
        Parquet.read(table.io().newInputFile(task.file().location()))
            .project(read)
            .createReaderFunc(fileSchema -> GenericParquetReaders.buildReader(read, fileSchema))
            .reuseContainers()
            .build();
    try (CloseableIterable<Record> live = deletes.filter(all)) {
      for (Record row : live) {
        if (writer == null) {
          writer = appenders.newDataWriter(newFile(), FileFormat.PARQUET, null);
        }
        writer.write(row);
        if (++rows % ROWS_BETWEEN_SIZE_CHECKS == 0 && writer.length() >= TARGET_FILE_BYTES) {
          finishFile();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<DataFile> finishRows() {
    finishFile();
    return dataFiles;
  }

  DeleteFile writeDeletes(String dataFile, PositionDeleteIndex deleted) {
    PositionDeleteWriter<Record> file = appenders.newPosDeleteWriter(newFile(), FileFormat.PARQUET, null);
    PositionDelete<Record> row = PositionDelete.create();
    try (file) {
      deleted.forEach(position -> file.write(row.set(dataFile, position, null)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    deleteFiles++;
    bytes += file.length();
    return file.toDeleteFile();
  }

  int dataFiles() {
    return dataFiles.size();
  }

  int deleteFiles() {
    return deleteFiles;
  }

  long rows() {
    return rows;
  }

  long bytes() {
    return bytes;
  }

  void keep() {
    kept = true;
  }

  @Override
  public void close() {
    if (!kept) {
      finishFile();
      locations.forEach(table.io()::deleteFile);
    }
  }

  private void finishFile() {
    if (writer == null) {
      return;
    }
    DataWriter<Record> finished = writer;
    writer = null;
    try {
      finished.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    bytes += finished.length();
    dataFiles.add(finished.toDataFile());
  }

  private EncryptedOutputFile newFile() {
    String location = table.locationProvider().newDataLocation("compacted-" + UUID.randomUUID() + ".parquet");
    locations.add(location);
    return EncryptedFiles.encryptedOutput(table.io().newOutputFile(location), EncryptionKeyMetadata.empty());
  }
}
