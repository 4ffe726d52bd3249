package io.github.auroracdc;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
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
 * Resolves {@code ${secretsmanager:<secret name>:<key>}} in the configuration of a worker or connector to the value of that key
 * in a secret that is a flat JSON object.
 */
public final class SecretsManagerConfigProvider implements ConfigProvider {
  private SecretsManagerClient client;

  @Override
  public void configure(Map<String, ?> configs) {
    SecretsManagerClientBuilder builder = SecretsManagerClient.builder().httpClient(UrlConnectionHttpClient.create());
    Object region = configs.get("region");
    if (region != null) {
      builder.region(Region.of(region.toString()));
    }
    client = builder.build();
  }

  @Override
  public ConfigData get(String path) {
    return new ConfigData(values(path));
  }

  @Override
  public ConfigData get(String path, Set<String> keys) {
    Map<String, String> all = values(path);
    Map<String, String> wanted = new HashMap<>();
    for (String key : keys) {
      String value = all.get(key);
      if (value == null) {
        throw new ConfigException("Secret " + path + " has no key " + key);
      }
      wanted.put(key, value);
    }
    return new ConfigData(wanted);
  }

  @Override
  public void close() {
    if (client != null) {
      client.close();
    }
  }

  private Map<String, String> values(String secret) {
    String text;
    try {
      text = client.getSecretValue(request -> request.secretId(secret)).secretString();
    } catch (ResourceNotFoundException e) {
      throw new ConfigException("Secret " + secret + " does not exist");
    } catch (SdkException e) {
      throw new ConfigException("Secret " + secret + " could not be read: " + e.getMessage());
    }
    Map<String, String> values = new HashMap<>();
    JsonNode node = JsonNodeParser.create().parse(text);
    node.asObject().forEach((key, value) -> values.put(key, value.text()));
    return values;
  }
}
