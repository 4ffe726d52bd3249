package io.github.auroracdc.catalog;

import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.hadoop.HadoopCatalog;

/**
 * A catalog that is a folder: {@code <warehouse>/<namespace>/<table>/metadata/vN.metadata.json}, which any Iceberg reader also
 * opens without a catalog. One commit makes one snapshot, see {@link OneSnapshotPerCommit}.
 */
final class LocalCatalog extends HadoopCatalog {
  /** Every commit writes a metadata file; without these two they would all stay. */
  private static final Map<String, String> TABLE_DEFAULTS =
      Map.of(
          CatalogProperties.TABLE_DEFAULT_PREFIX + TableProperties.METADATA_DELETE_AFTER_COMMIT_ENABLED, "true",
          CatalogProperties.TABLE_DEFAULT_PREFIX + TableProperties.METADATA_PREVIOUS_VERSIONS_MAX, "20");

  private final TableLocks locks;

  LocalCatalog(String warehouse, TableLocks locks) {
    this.locks = locks;
    Configuration configuration = new Configuration();
    // Without the checksums of Hadoop's default: they would put a second, hidden file beside each file of a table.
    configuration.setClass("fs.file.impl", RawLocalFileSystem.class, org.apache.hadoop.fs.FileSystem.class);
    setConf(configuration);
    Map<String, String> properties = new java.util.HashMap<>(TABLE_DEFAULTS);
    properties.put(CatalogProperties.WAREHOUSE_LOCATION, warehouse);
    initialize("local", properties);
  }

  @Override
  protected TableOperations newTableOps(TableIdentifier identifier) {
    return new OneSnapshotPerCommit(super.newTableOps(identifier), locks.of(identifier));
  }
}
