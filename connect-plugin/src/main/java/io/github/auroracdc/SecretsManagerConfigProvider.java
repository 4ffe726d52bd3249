package io.github.auroracdc;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigData;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.provider.ConfigProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.protocols.jsoncore.JsonNodeParser;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClientBuilder;
import software.amazon.awssdk.services.secretsmanager.model.ResourceNotFoundException;

/**
 * Resolves {@code ${secretsmanager:<secret name>:<key>}} in the configuration of a worker or a connector to the value of that key
 * in a secret that is a flat JSON object.
 *
 * <p>{@code <secret name>?ttl=<milliseconds>} makes Kafka Connect read it again after that time, and restart the connector where
 * {@code config.action.reload} is {@code restart}; without it a value is read when the connector starts. The secret is named, not
 * given by ARN: Kafka takes everything up to the second colon for the path. The worker's {@code config.providers.<name>.param.region}
 * is optional; like the endpoint and the credentials it otherwise comes from where the AWS SDK looks by itself.
 *
 * <p>No message of an exception holds a value, because Kafka Connect logs them and answers with them.
 */
public final class SecretsManagerConfigProvider implements ConfigProvider {
  private static final Pattern PATH = Pattern.compile("(?<secret>[^?]+)(?:\\?ttl=(?<ttl>\\d{1,12}))?");

  /** A worker whose way to Secrets Manager is closed should say so instead of waiting. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(30);

  private SecretsManagerClient client;

  @Override
  public void configure(Map<String, ?> configs) {
    SecretsManagerClientBuilder builder =
        SecretsManagerClient.builder()
            .httpClientBuilder(UrlConnectionHttpClient.builder())
            .overrideConfiguration(override -> override.apiCallTimeout(CALL_TIMEOUT));
    Object region = configs.get("region");
    if (region != null && !region.toString().isBlank()) {
      builder.region(Region.of(region.toString()));
    }
    try {
      client = builder.build();
    } catch (SdkException e) {
      throw failure("The Secrets Manager client could not be made; is param.region set on this provider?", e);
    }
  }

  @Override
  public ConfigData get(String path) {
    Matcher parts = parts(path);
    Map<String, String> values = new HashMap<>();
    secret(parts.group("secret")).forEach((key, node) -> {
      if (isScalar(node)) {
        values.put(key, text(node));
      }
    });
    return data(values, parts);
  }

  @Override
  public ConfigData get(String path, Set<String> keys) {
    Matcher parts = parts(path);
    String name = parts.group("secret");
    Map<String, JsonNode> secret = secret(name);
    Map<String, String> values = new HashMap<>();
    for (String key : keys) {
      JsonNode node = secret.get(key);
      if (node == null) {
        throw new ConfigException("The secret " + name + " has no key " + key + ": add it to the secret's JSON object");
      }
      if (!isScalar(node)) {
        throw new ConfigException("The key " + key + " of the secret " + name + " is not a string, number or boolean: the secret has to be a flat JSON object");
      }
      values.put(key, text(node));
    }
    return data(values, parts);
  }

  @Override
  public void close() {
    if (client != null) {
      client.close();
    }
  }

  private static Matcher parts(String path) {
    Matcher parts = PATH.matcher(path);
    if (!parts.matches()) {
      throw new ConfigException("The path " + path + " is not <secret name> or <secret name>?ttl=<milliseconds>");
    }
    return parts;
  }

  private static ConfigData data(Map<String, String> values, Matcher parts) {
    String ttl = parts.group("ttl");
    return ttl == null ? new ConfigData(values) : new ConfigData(values, Long.valueOf(ttl));
  }

  private Map<String, JsonNode> secret(String name) {
    String text;
    try {
      text = client.getSecretValue(request -> request.secretId(name)).secretString();
    } catch (ResourceNotFoundException e) {
      throw failure("The secret " + name + " does not exist in this account and region: create it, or correct the name in the placeholder", e);
    } catch (SdkException e) {
      throw failure("The secret " + name + " could not be read from Secrets Manager: " + e.getMessage(), e);
    }
    if (text == null) {
      throw new ConfigException("The secret " + name + " is binary: it has to be a flat JSON object in text");
    }
    JsonNode node;
    try {
      node = JsonNodeParser.create().parse(text);
    } catch (RuntimeException e) {
      // Without its cause: a JSON parser quotes what it cannot read.
      throw new ConfigException("The secret " + name + " is not JSON: it has to be a flat JSON object");
    }
    if (!node.isObject()) {
      throw new ConfigException("The secret " + name + " is JSON, but not an object: it has to be a flat JSON object");
    }
    return node.asObject();
  }

  private static boolean isScalar(JsonNode node) {
    return node.isString() || node.isNumber() || node.isBoolean();
  }

  private static String text(JsonNode node) {
    return node.isBoolean() ? String.valueOf(node.asBoolean()) : node.text();
  }

  private static ConfigException failure(String message, Exception cause) {
    ConfigException exception = new ConfigException(message);
    exception.initCause(cause);
    return exception;
  }
}
