package io.github.auroracdc.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericAppenderFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.encryption.EncryptionKeyMetadata;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaintenanceTest {
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
  void fullCompactionLeavesOneFileAndTheSameRows() throws Exception {
    DataFile first = append(0, 100, "a");
    DataFile second = append(100, 200, "b");
    orders.newRowDelta().addDeletes(Shop.positionDeletes(orders, first, 0, 7)).commit();
    orders.newRowDelta().addDeletes(Shop.positionDeletes(orders, second, 99)).addRows(Shop.rowsFile(orders, 0, 1, "c")).commit();
    Map<Long, String> before = Shop.rows(shop.orders());

    JsonNode answer = shop.maintain("compact?table=shop.orders&mode=full");

    Table after = shop.orders();
    assertEquals(before, Shop.rows(after));
    assertEquals(198, before.size());
    assertEquals(
        List.of("shop.orders", true, 3, 1, 2, 0, 198),
        List.of(answer.get("table").asText(), answer.get("changed").asBoolean(), answer.get("dataFilesBefore").asInt(), answer.get("dataFilesAfter").asInt(),
            answer.get("deleteFilesBefore").asInt(), answer.get("deleteFilesAfter").asInt(), answer.get("rewrittenRows").asInt()));
    assertEquals("1", after.currentSnapshot().summary().get("total-data-files"));
    assertEquals("0", after.currentSnapshot().summary().get("total-delete-files"));
    assertEquals("replace", after.currentSnapshot().operation());
    assertEquals(Set.of("id"), after.schema().identifierFieldNames());
  }

  @Test
  void smallCompactionKeepsABigFileAndMergesItsDeletes() throws Exception {
    DataFile big = append(0, 150_000, "a");
    append(200_000, 200_010, "b");
    DataFile small = append(200_010, 200_020, "c");
    orders.newRowDelta().addDeletes(Shop.positionDeletes(orders, big, 1, 2)).addDeletes(Shop.positionDeletes(orders, small, 5)).commit();
    orders.newRowDelta().addDeletes(Shop.positionDeletes(orders, big, 149_999)).commit();
    Map<Long, String> before = Shop.rows(shop.orders());
    assertEquals(150_016, before.size());

    JsonNode answer = shop.maintain("compact?table=shop.orders");

    Table after = shop.orders();
    assertEquals(before, Shop.rows(after));
    assertEquals(List.of(3, 2, 3, 1, 19), figures(answer));
    assertTrue(dataFiles(after).contains(big.location()));
    assertFalse(shop.maintain("compact?table=shop.orders").get("changed").asBoolean());

    // A later delete of another position adds to the merged ones.
    after.newRowDelta().addDeletes(Shop.positionDeletes(after, big, 3)).commit();
    before.remove(3L);
    assertEquals(before, Shop.rows(shop.orders()));
  }

  @Test
  void smallCompactionRewritesABigFileOfWhichMuchIsDeleted() throws Exception {
    DataFile big = append(0, 150_000, "a");
    orders.newRowDelta().addDeletes(Shop.positionDeletes(orders, big, Shop.positions(0, 40_000))).commit();
    assertEquals(List.of(1, 1, 1, 0, 110_000), figures(shop.maintain("compact?table=shop.orders&mode=small")));
    assertEquals(110_000, Shop.rows(shop.orders()).size());
  }

  @Test
  void compactionRemovesDeletesWhoseDataIsGone() throws Exception {
    DataFile dropped = append(0, 10, "a");
    append(10, 20, "b");
    orders.newRowDelta().addDeletes(Shop.positionDeletes(orders, dropped, 1)).commit();
    orders.newDelete().deleteFile(dropped).commit();
    assertEquals(List.of(1, 1, 1, 0, 0), figures(shop.maintain("compact?table=shop.orders")));
    assertEquals("0", shop.orders().currentSnapshot().summary().get("total-delete-files"));
    assertEquals(10, Shop.rows(shop.orders()).size());
  }

  @Test
  void compactionAppliesEqualityDeletes() throws Exception {
    append(0, 10, "a");
    orders.newRowDelta().addDeletes(Shop.equalityDeletes(orders, 3, 4)).addRows(Shop.rowsFile(orders, 4, 5, "b")).commit();
    assertEquals(List.of(2, 1, 1, 0, 9), figures(shop.maintain("compact?table=shop.orders")));
    assertEquals("b", Shop.rows(shop.orders()).get(4L));
    assertEquals(9, Shop.rows(shop.orders()).size());
  }

  @Test
  void compactionOfATableThatBecameEmptyLeavesNoFile() throws Exception {
    DataFile all = append(0, 3, "a");
    orders.newRowDelta().addDeletes(Shop.positionDeletes(orders, all, 0, 1, 2)).commit();
    assertEquals(List.of(1, 0, 1, 0, 0), figures(shop.maintain("compact?table=shop.orders&mode=full")));
    assertEquals(Map.of(), Shop.rows(shop.orders()));
  }

  @Test
  void compactionOfAnUntouchedTableChangesNothing() throws Exception {
    assertEquals(List.of(0, 0, 0, 0, 0), figures(shop.maintain("compact?table=shop.orders&mode=full")));
    append(0, 3, "a");
    long snapshot = shop.orders().currentSnapshot().snapshotId();
    assertFalse(shop.maintain("compact?table=shop.orders&mode=full").get("changed").asBoolean());
    assertEquals(snapshot, shop.orders().currentSnapshot().snapshotId());
  }

  @Test
  void compactionKeepsEveryTypeAndColumnsAddedLater() throws Exception {
    Schema schema =
        new Schema(
            Types.NestedField.required(1, "id", Types.IntegerType.get()),
            Types.NestedField.optional(2, "dec", Types.DecimalType.of(38, 9)),
            Types.NestedField.optional(3, "ts", Types.TimestampType.withoutZone()),
            Types.NestedField.optional(4, "tz", Types.TimestampType.withZone()),
            Types.NestedField.optional(5, "d", Types.DateType.get()),
            Types.NestedField.optional(6, "t", Types.TimeType.get()),
            Types.NestedField.optional(7, "u", Types.UUIDType.get()),
            Types.NestedField.optional(8, "b", Types.BinaryType.get()),
            Types.NestedField.optional(9, "l", Types.ListType.ofOptional(10, Types.StringType.get())),
            Types.NestedField.optional(11, "f", Types.FloatType.get()),
            Types.NestedField.optional(12, "db", Types.DoubleType.get()),
            Types.NestedField.optional(13, "bool", Types.BooleanType.get()));
    Table table = shop.catalog.createTable(TableIdentifier.of("shop", "types"), schema);
    schema = table.schema(); // the catalog gives out its own field ids
    Record full = GenericRecord.create(schema);
    Object[] values = {1, new BigDecimal("12345678901234567890123456789.123456789"), LocalDateTime.of(1, 1, 1, 0, 0, 0, 1000), LocalDateTime.of(9999, 12, 31, 23, 59, 59, 999_999_000).atOffset(ZoneOffset.UTC),
      LocalDate.of(1600, 2, 29), LocalTime.of(23, 59, 59, 999_999_000), UUID.fromString("00000000-0000-0001-ffff-ffffffffffff"), ByteBuffer.wrap(new byte[] {0, -1}),
      Arrays.asList("x", null, ""), Float.NaN, Double.NEGATIVE_INFINITY, true};
    for (int i = 0; i < values.length; i++) {
      full.set(i, values[i]);
    }
    Record empty = GenericRecord.create(schema);
    empty.set(0, 2);
    append(table, full);
    append(table, empty);
    table.updateSchema().addColumn("later", Types.StringType.get()).commit();
    List<String> before = text(table);

    assertTrue(shop.maintain("compact?table=shop.types&mode=full").get("changed").asBoolean());

    table.refresh();
    assertEquals("1", table.currentSnapshot().summary().get("total-data-files"));
    assertEquals(before, text(table));
    assertEquals(2, before.size());
  }

  @Test
  void expiryKeepsTheNewestAndRemovesTheFilesOfTheOthers() throws Exception {
    DataFile first = append(0, 10, "a");
    orders.newRowDelta().addDeletes(Shop.positionDeletes(orders, first, 1)).commit();
    append(10, 20, "b");
    shop.maintain("compact?table=shop.orders&mode=full");
    Map<Long, String> rows = Shop.rows(shop.orders());
    assertEquals(4, shop.files("data", ".parquet").size());

    JsonNode answer = shop.maintain("expire?table=shop.orders&retainLast=1");

    assertEquals(List.of(3, 1), List.of(answer.get("expiredSnapshots").asInt(), answer.get("retainedSnapshots").asInt()));
    assertEquals(rows, Shop.rows(shop.orders()));
    assertEquals(1, shop.files("data", ".parquet").size());
  }

  @Test
  void expiryKeepsWhatIsYoungOrReferenced() throws Exception {
    append(0, 10, "a");
    orders.manageSnapshots().createTag("audit", orders.currentSnapshot().snapshotId()).commit();
    append(10, 20, "b");
    append(20, 30, "c");
    assertEquals(0, shop.maintain("expire?table=shop.orders&retainLast=1&olderThanMs=3600000").get("expiredSnapshots").asInt());
    assertEquals(1, shop.maintain("expire?table=shop.orders&retainLast=1&olderThanMs=0").get("expiredSnapshots").asInt());
    assertEquals(10, Shop.rows(IcebergGenerics.read(shop.orders()).useSnapshot(shop.orders().refs().get("audit").snapshotId()).build()).size());
  }

  @Test
  void compactionAndCommitsTakeTurns() throws Exception {
    append(0, 120_000, "a");
    append(200_000, 320_000, "b");
    CompletableFuture<JsonNode> compaction =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return shop.maintain("compact?table=shop.orders&mode=full");
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    int commits = 0;
    while (!compaction.isDone()) {
      shop.orders().newAppend().appendFile(Shop.rowsFile(orders, 400_000 + commits, 400_001 + commits, "c")).commit();
      commits++;
    }
    assertTrue(compaction.join().get("changed").asBoolean());
    assertEquals(240_000 + commits, Shop.rows(shop.orders()).size());
  }

  @Test
  void whatIsAskedWronglyIsSaid() throws Exception {
    assertRefused(404, "compact?table=shop.none", "Table does not exist: shop.none");
    assertRefused(400, "compact", "The parameter table is missing");
    assertRefused(400, "compact?table=shop.orders&mode=fast", "mode is fast: small or full");
    assertRefused(400, "expire?table=shop.orders&retainLast=0", "retainLast is 0: a whole number of at least 1");
    assertRefused(400, "expire?table=shop.orders&olderThanMs=-1", "olderThanMs is -1: a whole number of at least 0");
    assertRefused(400, "vacuum?table=shop.orders", "No maintenance is named /vacuum: compact or expire");
  }

  @Test
  void listensOnTheLoopbackInterfaceOnly() throws Exception {
    int port = CatalogServer.port(shop.server);
    new Socket("127.0.0.1", port).close();
    List<java.net.InetAddress> others =
        NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses).filter(address -> address instanceof java.net.Inet4Address && !address.isLoopbackAddress()).toList();
    for (java.net.InetAddress address : others) {
      try (Socket socket = new Socket()) {
        assertThrows(ConnectException.class, () -> socket.connect(new InetSocketAddress(address, port), 2000), address.toString());
      }
    }
  }

  private void assertRefused(int status, String call, String message) throws Exception {
    var response = shop.post("/maintenance/" + call, "");
    assertEquals(status, response.statusCode(), response.body());
    assertTrue(response.body().contains("\"message\":\"" + message + "\""), response.body());
  }

  private DataFile append(long from, long to, String status) throws Exception {
    DataFile file = Shop.rowsFile(orders, from, to, status);
    orders.newAppend().appendFile(file).commit();
    return file;
  }

  private static void append(Table table, Record record) throws Exception {
    String location = table.locationProvider().newDataLocation(UUID.randomUUID() + ".parquet");
    DataWriter<Record> writer =
        new GenericAppenderFactory(table.schema()).newDataWriter(EncryptedFiles.encryptedOutput(table.io().newOutputFile(location), EncryptionKeyMetadata.empty()), FileFormat.PARQUET, null);
    try (writer) {
      writer.write(record);
    }
    table.newAppend().appendFile(writer.toDataFile()).commit();
  }

  /** data files before and after, delete files before and after, rows rewritten */
  private static List<Integer> figures(JsonNode answer) {
    List<Integer> figures = new ArrayList<>();
    for (String name : List.of("dataFilesBefore", "dataFilesAfter", "deleteFilesBefore", "deleteFilesAfter", "rewrittenRows")) {
      figures.add(answer.get(name).asInt());
    }
    return figures;
  }

  private static List<String> dataFiles(Table table) throws Exception {
    try (var tasks = table.newScan().planFiles()) {
      List<String> files = new ArrayList<>();
      tasks.forEach(task -> files.add(task.file().location()));
      return files;
    }
  }

  private static List<String> text(Table table) throws Exception {
    try (CloseableIterable<Record> records = IcebergGenerics.read(table).build()) {
      List<String> rows = new ArrayList<>();
      records.forEach(record -> rows.add(record.toString().replaceAll("java.nio.HeapByteBuffer[^,]*", Arrays.toString(bytes(record)))));
      rows.sort(null);
      return rows;
    }
  }

  private static byte[] bytes(Record record) {
    ByteBuffer buffer = record.getField("b") == null ? ByteBuffer.allocate(0) : (ByteBuffer) record.getField("b");
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
