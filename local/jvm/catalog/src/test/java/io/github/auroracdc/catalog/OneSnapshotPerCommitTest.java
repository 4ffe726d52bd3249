package io.github.auroracdc.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.StreamSupport;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileMetadata;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.MetadataUpdate;
import org.apache.iceberg.Metrics;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.catalog.TableCommit;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequestParser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OneSnapshotPerCommitTest {
  @TempDir Path warehouse;
  private Shop shop;
  private Table orders;

  @BeforeEach
  void start() throws Exception {
    shop = new Shop(warehouse);
    orders = shop.orders();
  }

  @AfterEach
  void stop() throws Exception {
    shop.close();
  }

  @Test
  void aBatchOfDeletesAndInsertsIsOneSnapshot() throws Exception {
    DataFile old = Shop.rowsFile(orders, 0, 5, "new");
    orders.newAppend().appendFile(old).commit();
    long before = orders.currentSnapshot().snapshotId();

    Transaction batch = orders.newTransaction();
    batch.newRowDelta().addDeletes(Shop.positionDeletes(orders, old, 1, 3)).commit();
    long between = batch.table().currentSnapshot().snapshotId();
    batch.newAppend().appendFile(Shop.rowsFile(orders, 3, 4, "paid")).commit();
    long last = batch.table().currentSnapshot().snapshotId();
    batch.updateProperties().set("offset", "42").commit();
    batch.commitTransaction();

    Table after = shop.orders();
    assertEquals(Map.of(0L, "new", 2L, "new", 3L, "paid", 4L, "new"), Shop.rows(after));
    assertEquals("42", after.properties().get("offset"));
    assertEquals(2, snapshots(after).size());
    assertNull(after.snapshot(between));
    assertEquals(last, after.currentSnapshot().snapshotId());
    assertEquals(before, after.currentSnapshot().parentId());
    assertEquals(2, after.history().size());
    Map<String, String> summary = after.currentSnapshot().summary();
    assertEquals(List.of("2", "2", "1", "6"), List.of(summary.get("added-position-deletes"), summary.get("total-position-deletes"), summary.get("added-records"), summary.get("total-records")));
    assertEquals(Map.of(0L, "new", 1L, "new", 2L, "new", 3L, "new", 4L, "new"), Shop.rows(IcebergGenerics.read(after).useSnapshot(before).build()));
  }

  @Test
  void theFilesOfReplacedSnapshotsAreGoneAndTheOthersStay() throws Exception {
    DataFile old = Shop.rowsFile(orders, 0, 5, "new");
    orders.newAppend().appendFile(old).commit();
    Transaction batch = orders.newTransaction();
    batch.newRowDelta().addDeletes(Shop.positionDeletes(orders, old, 1)).commit();
    batch.newAppend().appendFile(Shop.rowsFile(orders, 5, 6, "new")).commit();
    batch.commitTransaction();

    Table after = shop.orders();
    List<String> named = new ArrayList<>();
    for (Snapshot snapshot : after.snapshots()) {
      named.add(name(snapshot.manifestListLocation()));
      snapshot.allManifests(after.io()).forEach(manifest -> named.add(name(manifest.path())));
    }
    assertEquals(named.stream().distinct().sorted().toList(), shop.files("metadata", ".avro").stream().sorted().toList());
  }

  @Test
  void everyManifestBelongsToASnapshotOfTheTable() throws Exception {
    DataFile old = Shop.rowsFile(orders, 0, 5, "new");
    orders.newAppend().appendFile(old).commit();
    Transaction batch = orders.newTransaction();
    batch.newRowDelta().addDeletes(Shop.positionDeletes(orders, old, 1)).commit();
    batch.newAppend().appendFile(Shop.rowsFile(orders, 5, 6, "new")).commit();
    batch.commitTransaction();

    // What removes files of expired snapshots, and what looks for conflicting deletes, both go by these owners.
    Table after = shop.orders();
    after.currentSnapshot().allManifests(after.io()).forEach(manifest -> assertTrue(after.snapshot(manifest.snapshotId()) != null, manifest.path()));
  }

  @Test
  void aFirstCommitOfTwoAppendsIsOneSnapshot() throws Exception {
    Transaction batch = orders.newTransaction();
    batch.newAppend().appendFile(Shop.rowsFile(orders, 0, 2, "a")).commit();
    batch.newAppend().appendFile(Shop.rowsFile(orders, 2, 4, "b")).commit();
    batch.commitTransaction();
    assertEquals(Map.of(0L, "a", 1L, "a", 2L, "b", 3L, "b"), Shop.rows(shop.orders()));
    assertEquals(1, snapshots(shop.orders()).size());
    assertNull(shop.orders().currentSnapshot().parentId());
  }

  @Test
  void aFileThatIsAddedAndRemovedInOneCommitIsNotThere() throws Exception {
    DataFile kept = Shop.rowsFile(orders, 0, 2, "a");
    DataFile dropped = Shop.rowsFile(orders, 2, 4, "b");
    Transaction batch = orders.newTransaction();
    batch.newAppend().appendFile(kept).appendFile(dropped).commit();
    batch.newDelete().deleteFile(dropped).commit();
    batch.commitTransaction();
    assertEquals(Map.of(0L, "a", 1L, "a"), Shop.rows(shop.orders()));
    assertEquals(1, snapshots(shop.orders()).size());
  }

  @Test
  void aFileOfTheTableThatABatchRemovesIsRemoved() throws Exception {
    DataFile old = Shop.rowsFile(orders, 0, 2, "a");
    orders.newAppend().appendFile(old).commit();
    Transaction batch = orders.newTransaction();
    batch.newDelete().deleteFile(old).commit();
    batch.newAppend().appendFile(Shop.rowsFile(orders, 0, 1, "b")).commit();
    batch.commitTransaction();
    assertEquals(Map.of(0L, "b"), Shop.rows(shop.orders()));
    assertEquals(2, snapshots(shop.orders()).size());
  }

  @Test
  void equalityDeletesAreLeftAsTheyAre() throws Exception {
    orders.newAppend().appendFile(Shop.rowsFile(orders, 0, 2, "a")).commit();
    Transaction batch = orders.newTransaction();
    batch.newAppend().appendFile(Shop.rowsFile(orders, 2, 4, "b")).commit();
    batch.newRowDelta().addDeletes(Shop.equalityDeletes(orders, 0, 2)).commit();
    batch.commitTransaction();
    // Merged, the delete of 2 would have the sequence number of its row, and not apply.
    assertEquals(Map.of(1L, "a", 3L, "b"), Shop.rows(shop.orders()));
    assertEquals(3, snapshots(shop.orders()).size());
  }

  @Test
  void aDeleteFileNamesItsDataFileWhereDuckDBStatesThePathUnderAnotherField() throws Exception {
    DataFile first = Shop.rowsFile(orders, 0, 3, "a");
    DataFile second = Shop.rowsFile(orders, 3, 6, "b");
    orders.newAppend().appendFile(first).appendFile(second).commit();
    orders.newRowDelta().addDeletes(asDuckDBWritesIt(Shop.positionDeletes(orders, first, 1), first)).commit();

    Table after = shop.orders();
    assertEquals(Map.of(0L, "a", 2L, "a", 3L, "b", 4L, "b", 5L, "b"), Shop.rows(after));
    assertEquals(2, snapshots(after).size());
    try (CloseableIterable<FileScanTask> tasks = after.newScan().planFiles()) {
      tasks.forEach(task -> assertEquals(task.file().location().equals(first.location()) ? 1 : 0, task.deletes().size(), task.file().location()));
    }
  }

  @Test
  void aTransactionOverTheWholeCatalogIsMergedToo() throws Exception {
    DataFile old = Shop.rowsFile(orders, 0, 3, "a");
    orders.newAppend().appendFile(old).commit();
    Table stale = shop.orders();
    shop.catalog.commitTransaction(TableCommit.create(Shop.ORDERS, metadata(stale), batch(stale, old)));
    assertEquals(Map.of(0L, "a", 2L, "a", 3L, "b"), Shop.rows(shop.orders()));
    assertEquals(2, snapshots(shop.orders()).size());
    assertEquals("1", shop.orders().properties().get("offset"));
  }

  @Test
  void aTransactionThatStartsFromAnOlderStateIsRefused() throws Exception {
    DataFile old = Shop.rowsFile(orders, 0, 3, "a");
    orders.newAppend().appendFile(old).commit();
    Table stale = shop.orders();
    UpdateTableRequest change = request(metadata(stale), batch(stale, old));
    shop.orders().newAppend().appendFile(Shop.rowsFile(orders, 10, 11, "b")).commit();

    assertEquals(409, shop.post("/v1/transactions/commit", "{\"table-changes\":[" + UpdateTableRequestParser.toJson(change) + "]}").statusCode());
    assertEquals(409, shop.post("/v1/namespaces/shop/tables/orders", UpdateTableRequestParser.toJson(change)).statusCode());
    assertEquals(Map.of(0L, "a", 1L, "a", 2L, "a", 10L, "b"), Shop.rows(shop.orders()));
    assertNull(shop.orders().properties().get("offset"));
  }

  @Test
  void noTransactionThatIsAnsweredWithSuccessIsLost() {
    List<CompletableFuture<Integer>> answers = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      String change =
          "{\"table-changes\":[{\"identifier\":{\"namespace\":[\"shop\"],\"name\":\"orders\"},\"requirements\":[],"
              + "\"updates\":[{\"action\":\"set-properties\",\"updates\":{\"key-" + i + "\":\"set\"}}]}]}";
      answers.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return shop.post("/v1/transactions/commit", change).statusCode();
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              }));
    }
    answers.forEach(answer -> assertEquals(200, answer.join()));
    Map<String, String> properties = shop.orders().properties();
    for (int i = 0; i < 40; i++) {
      assertEquals("set", properties.get("key-" + i), "key-" + i);
    }
  }

  @Test
  void oldMetadataFilesAreRemoved() {
    for (int i = 0; i < 30; i++) {
      orders.updateProperties().set("n", String.valueOf(i)).commit();
    }
    assertTrue(shop.files("metadata", ".metadata.json").size() <= 22, () -> shop.files("metadata", ".metadata.json").toString());
    assertEquals("29", shop.orders().properties().get("n"));
  }

  /** A batch on a state of the table, not yet committed: delete the row at position 1, insert 3, note the offset. */
  private static TableMetadata batch(Table table, DataFile old) throws Exception {
    Transaction batch = table.newTransaction();
    batch.newRowDelta().addDeletes(Shop.positionDeletes(table, old, 1)).commit();
    batch.newAppend().appendFile(Shop.rowsFile(table, 3, 4, "b")).commit();
    batch.updateProperties().set("offset", "1").commit();
    return metadata(batch.table());
  }

  private DeleteFile asDuckDBWritesIt(DeleteFile file, DataFile of) {
    Map<Integer, ByteBuffer> path = Map.of(MetadataColumns.FILE_PATH.fieldId(), ByteBuffer.wrap(of.location().getBytes(StandardCharsets.UTF_8)));
    return FileMetadata.deleteFileBuilder(orders.spec()).copy(file).withMetrics(new Metrics(file.recordCount(), null, null, null, null, path, path)).build();
  }

  private static UpdateTableRequest request(TableMetadata base, TableMetadata updated) {
    TableCommit commit = TableCommit.create(Shop.ORDERS, base, updated);
    assertEquals(2, updated.changes().stream().filter(MetadataUpdate.AddSnapshot.class::isInstance).count());
    return UpdateTableRequest.create(Shop.ORDERS, commit.requirements(), commit.updates());
  }

  private static TableMetadata metadata(Table table) {
    return ((HasTableOperations) table).operations().current();
  }

  private static List<Snapshot> snapshots(Table table) {
    return StreamSupport.stream(table.snapshots().spliterator(), false).toList();
  }

  private static String name(String location) {
    return location.substring(location.lastIndexOf('/') + 1);
  }
}
