package io.github.auroracdc.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericAppenderFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.EqualityDeleteWriter;
import org.apache.iceberg.deletes.PositionDelete;
import org.apache.iceberg.deletes.PositionDeleteWriter;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.encryption.EncryptionKeyMetadata;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.rest.RESTCatalog;
import org.apache.iceberg.types.Types;
import org.eclipse.jetty.server.Server;

/** A running catalog server with one table, shop.orders, and Iceberg's own REST client for it. */
final class Shop implements AutoCloseable {
  static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");
  static final Schema SCHEMA =
      new Schema(List.of(Types.NestedField.required(1, "id", Types.LongType.get()), Types.NestedField.optional(2, "status", Types.StringType.get())), java.util.Set.of(1));

  final Server server;
  final RESTCatalog catalog = new RESTCatalog();
  private final Path warehouse;
  private final HttpClient http = HttpClient.newHttpClient();

  Shop(Path warehouse) throws Exception {
    this.warehouse = warehouse;
    server = CatalogServer.start(0, warehouse.toUri().toString());
    catalog.initialize("test", Map.of("uri", uri()));
    catalog.createNamespace(Namespace.of("shop"));
    catalog.createTable(ORDERS, SCHEMA);
  }

  String uri() {
    return "http://127.0.0.1:" + CatalogServer.port(server);
  }

  Table orders() {
    return catalog.loadTable(ORDERS);
  }

  /** Rows {@code id → status} as a reader of the current snapshot sees them; a key that occurs twice is an error. */
  static Map<Long, String> rows(Table table) throws IOException {
    return rows(IcebergGenerics.read(table).build());
  }

  static Map<Long, String> rows(CloseableIterable<Record> records) throws IOException {
    Map<Long, String> rows = new TreeMap<>();
    try (records) {
      for (Record record : records) {
        if (rows.put((Long) record.getField("id"), (String) record.getField("status")) != null) {
          throw new IllegalStateException("id " + record.getField("id") + " occurs twice");
        }
      }
    }
    return rows;
  }

  static DataFile rowsFile(Table table, long from, long to, String status) throws IOException {
    DataWriter<Record> writer = appenders(table).newDataWriter(newFile(table), FileFormat.PARQUET, null);
    try (writer) {
      for (long id = from; id < to; id++) {
        writer.write(row(id, status));
      }
    }
    return writer.toDataFile();
  }

  static DeleteFile positionDeletes(Table table, DataFile file, long... positions) throws IOException {
    PositionDeleteWriter<Record> writer = appenders(table).newPosDeleteWriter(newFile(table), FileFormat.PARQUET, null);
    try (writer) {
      LongStream.of(positions).forEach(position -> writer.write(PositionDelete.<Record>create().set(file.location(), position, null)));
    }
    return writer.toDeleteFile();
  }

  static DeleteFile equalityDeletes(Table table, long... ids) throws IOException {
    Schema key = table.schema().select("id");
    GenericAppenderFactory appenders = new GenericAppenderFactory(table.schema(), table.spec(), new int[] {1}, key, null);
    EqualityDeleteWriter<Record> writer = appenders.newEqDeleteWriter(newFile(table), FileFormat.PARQUET, null);
    try (writer) {
      LongStream.of(ids).forEach(id -> writer.write(GenericRecord.create(key).copy(Map.of("id", id))));
    }
    return writer.toDeleteFile();
  }

  static Record row(long id, String status) {
    Record record = GenericRecord.create(SCHEMA);
    record.setField("id", id);
    record.setField("status", status);
    return record;
  }

  static long[] positions(int from, int to) {
    return IntStream.range(from, to).asLongStream().toArray();
  }

  /** The files of the table's folder whose names end so. */
  List<String> files(String folder, String ending) {
    String[] names = warehouse.resolve("shop/orders").resolve(folder).toFile().list((File directory, String name) -> name.endsWith(ending));
    return names == null ? List.of() : List.of(names);
  }

  HttpResponse<String> post(String path, String json) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(uri() + path)).header("Content-Type", "application/json").POST(BodyPublishers.ofString(json)).build();
    return http.send(request, BodyHandlers.ofString());
  }

  /** The answer of a maintenance call that has to succeed. */
  JsonNode maintain(String call) throws Exception {
    HttpResponse<String> response = post("/maintenance/" + call, "");
    if (response.statusCode() != 200) {
      throw new IllegalStateException(response.statusCode() + " " + response.body());
    }
    return new ObjectMapper().readTree(response.body());
  }

  @Override
  public void close() throws IOException {
    catalog.close();
    try {
      server.stop();
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  private static GenericAppenderFactory appenders(Table table) {
    return new GenericAppenderFactory(table, table.schema(), table.spec(), Map.of(), null, null, null);
  }

  private static EncryptedOutputFile newFile(Table table) {
    String location = table.locationProvider().newDataLocation(UUID.randomUUID() + ".parquet");
    return EncryptedFiles.encryptedOutput(table.io().newOutputFile(location), EncryptionKeyMetadata.empty());
  }
}
