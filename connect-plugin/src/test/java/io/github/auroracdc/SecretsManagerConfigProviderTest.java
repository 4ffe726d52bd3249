package io.github.auroracdc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigData;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigTransformer;
import org.apache.kafka.common.config.provider.ConfigProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against an HTTP server that answers as Secrets Manager does: the SDK's own client is part of what is tested. */
class SecretsManagerConfigProviderTest {
  private static final String HIDDEN = "do-not-show-me";

  private final Map<String, String> secrets = new HashMap<>();
  private final List<String> authorizations = new CopyOnWriteArrayList<>();
  private final SecretsManagerConfigProvider provider = new SecretsManagerConfigProvider();
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    System.setProperty("aws.endpointUrlSecretsManager", "http://127.0.0.1:" + server.getAddress().getPort());
    System.setProperty("aws.accessKeyId", "test");
    System.setProperty("aws.secretAccessKey", "test");
    provider.configure(Map.of("region", "eu-central-1"));
  }

  @AfterEach
  void stop() {
    provider.close();
    server.stop(0);
  }

  @Test
  void givesTheWantedKeys() {
    secrets.put("prod/aurora", "{\"username\":\"cdc\",\"password\":\"p\\u00e4ss \\\"word\\\" ${x:y}\",\"port\":5432,\"ssl\":true}");
    ConfigData data = provider.get("prod/aurora", Set.of("username", "password", "port", "ssl"));
    assertEquals(Map.of("username", "cdc", "password", "päss \"word\" ${x:y}", "port", "5432", "ssl", "true"), data.data());
    assertNull(data.ttl());
  }

  @Test
  void givesNothingElse() {
    secrets.put("s", "{\"username\":\"cdc\",\"password\":\"" + HIDDEN + "\"}");
    assertEquals(Map.of("username", "cdc"), provider.get("s", Set.of("username")).data());
  }

  @Test
  void givesAllFlatKeysWhereNoneAreNamed() {
    secrets.put("s", "{\"username\":\"cdc\",\"nested\":{\"a\":1},\"none\":null}");
    assertEquals(Map.of("username", "cdc"), provider.get("s").data());
  }

  @Test
  void signsForTheConfiguredRegion() {
    secrets.put("s", "{\"a\":\"b\"}");
    provider.get("s");
    assertTrue(authorizations.get(0).contains("/eu-central-1/secretsmanager/aws4_request"), authorizations.get(0));
  }

  @Test
  void carriesTheTimeToLive() {
    secrets.put("rds!cluster-1", "{\"password\":\"p\"}");
    ConfigData data = provider.get("rds!cluster-1?ttl=60000", Set.of("password"));
    assertEquals(60_000L, data.ttl());
    assertEquals(Map.of("password", "p"), data.data());
  }

  @Test
  void refusesAPathItDoesNotUnderstand() {
    assertTrue(message(() -> provider.get("s?ttl=soon", Set.of("a"))).startsWith("The path s?ttl=soon is not <secret name>"));
  }

  @Test
  void saysThatTheSecretIsMissing() {
    assertTrue(message(() -> provider.get("nowhere", Set.of("password"))).startsWith("The secret nowhere does not exist"));
  }

  @Test
  void saysThatAKeyIsMissing() {
    secrets.put("s", "{\"user\":\"" + HIDDEN + "\"}");
    assertEquals("The secret s has no key password: add it to the secret's JSON object", message(() -> provider.get("s", Set.of("password"))));
  }

  @Test
  void saysThatAKeyIsNested() {
    secrets.put("s", "{\"password\":{\"value\":\"" + HIDDEN + "\"}}");
    assertTrue(message(() -> provider.get("s", Set.of("password"))).startsWith("The key password of the secret s is not a string"));
  }

  @Test
  void saysThatTheSecretIsNotJson() {
    secrets.put("s", "password=" + HIDDEN);
    assertEquals("The secret s is not JSON: it has to be a flat JSON object", message(() -> provider.get("s", Set.of("password"))));
  }

  @Test
  void saysThatTheJsonIsNotAnObject() {
    secrets.put("s", "\"" + HIDDEN + "\"");
    assertTrue(message(() -> provider.get("s", Set.of("password"))).startsWith("The secret s is JSON, but not an object"));
  }

  @Test
  void saysThatTheSecretIsBinary() {
    secrets.put("s", null);
    assertTrue(message(() -> provider.get("s", Set.of("password"))).startsWith("The secret s is binary"));
  }

  @Test
  void saysThatSecretsManagerRefuses() {
    assertTrue(message(() -> provider.get("forbidden", Set.of("password"))).startsWith("The secret forbidden could not be read from Secrets Manager: not for you"));
  }

  @Test
  void saysThatTheRegionIsUnknown() {
    SecretsManagerConfigProvider nowhere = new SecretsManagerConfigProvider();
    String profile = System.getProperty("aws.configFile");
    System.setProperty("aws.disableEc2Metadata", "true");
    System.setProperty("aws.configFile", "/dev/null");
    try {
      assertTrue(message(() -> nowhere.configure(Map.of())).startsWith("The Secrets Manager client could not be made"));
    } finally {
      if (profile == null) {
        System.clearProperty("aws.configFile");
      } else {
        System.setProperty("aws.configFile", profile);
      }
    }
  }

  @Test
  void isFoundByKafkaAsAService() {
    assertTrue(ServiceLoader.load(ConfigProvider.class).stream().anyMatch(found -> found.type() == SecretsManagerConfigProvider.class));
  }

  @Test
  void resolvesThePlaceholderOfAConnectorConfiguration() {
    secrets.put("prod/aurora", "{\"username\":\"cdc\",\"password\":\"one:two\"}");
    ConfigTransformer transformer = new ConfigTransformer(Map.of("secretsmanager", provider));
    Map<String, String> resolved =
        transformer
            .transform(Map.of("database.user", "${secretsmanager:prod/aurora:username}", "database.password", "${secretsmanager:prod/aurora:password}"))
            .data();
    assertEquals(Map.of("database.user", "cdc", "database.password", "one:two"), resolved);
  }

  @Test
  void isMadeByKafkaFromTheWorkerConfiguration() {
    secrets.put("s", "{\"password\":\"p\"}");
    Map<String, String> worker =
        Map.of(
            "config.providers", "secretsmanager",
            "config.providers.secretsmanager.class", SecretsManagerConfigProvider.class.getName(),
            "config.providers.secretsmanager.param.region", "us-east-1",
            "password", "${secretsmanager:s:password}");
    AbstractConfig config = new AbstractConfig(new ConfigDef().define("password", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, ""), worker, false);
    assertEquals("p", config.getString("password"));
  }

  /** The exception's message, after a look at all that would be logged of it. */
  private static String message(org.junit.jupiter.api.function.Executable run) {
    ConfigException exception = assertThrows(ConfigException.class, run);
    StringWriter logged = new StringWriter();
    exception.printStackTrace(new PrintWriter(logged));
    assertFalse(logged.toString().contains(HIDDEN), "the value is in the exception");
    return exception.getMessage();
  }

  private void answer(HttpExchange exchange) throws IOException {
    authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
    String request = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    String name = request.replaceAll("(?s).*\"SecretId\"\\s*:\\s*\"([^\"]*)\".*", "$1");
    if (!"secretsmanager.GetSecretValue".equals(exchange.getRequestHeaders().getFirst("X-Amz-Target"))) {
      send(exchange, 501, "{}");
    } else if (name.equals("forbidden")) {
      send(exchange, 400, "{\"__type\":\"AccessDeniedException\",\"message\":\"not for you\"}");
    } else if (!secrets.containsKey(name)) {
      send(exchange, 400, "{\"__type\":\"ResourceNotFoundException\",\"message\":\"Secrets Manager can't find the specified secret.\"}");
    } else if (secrets.get(name) == null) {
      send(exchange, 200, "{\"Name\":\"" + name + "\",\"SecretBinary\":\"AAEC\"}");
    } else {
      send(exchange, 200, "{\"Name\":\"" + name + "\",\"SecretString\":\"" + secrets.get(name).replace("\\", "\\\\").replace("\"", "\\\"") + "\"}");
    }
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }
}
