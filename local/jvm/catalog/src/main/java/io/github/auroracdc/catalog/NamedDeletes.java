package io.github.auroracdc.catalog;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileMetadata;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.util.ContentFileUtil;

/**
 * Position delete files that name the one data file they delete from, so that a reader of another data file does not open them.
 *
 * <p>DuckDB 1.5.5 writes one delete file for each data file, but states the bounds of the path under the field id of the metadata
 * column {@code _file} instead of that of {@code file_path}, where nobody looks: each delete file then seems to concern every data
 * file, and the files opened by a scan grow with the product of the two.
 */
final class NamedDeletes {
  private NamedDeletes() {}

  static boolean canName(DeleteFile file) {
    return file.content() == FileContent.POSITION_DELETES && !ContentFileUtil.isFileScoped(file) && dataFile(file) != null;
  }

  static DeleteFile named(DeleteFile file, PartitionSpec spec) {
    return canName(file) ? FileMetadata.deleteFileBuilder(spec).copy(file).withReferencedDataFile(dataFile(file)).build() : file;
  }

  /** The path that is both bounds; a bound that was shortened differs from the other, since the upper one is rounded up. */
  private static String dataFile(DeleteFile file) {
    ByteBuffer lower = bound(file.lowerBounds());
    return lower != null && lower.equals(bound(file.upperBounds())) ? StandardCharsets.UTF_8.decode(lower.duplicate()).toString() : null;
  }

  private static ByteBuffer bound(Map<Integer, ByteBuffer> bounds) {
    return bounds == null ? null : bounds.get(MetadataColumns.FILE_PATH.fieldId());
  }
}
