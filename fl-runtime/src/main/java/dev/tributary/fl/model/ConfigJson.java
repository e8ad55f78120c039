// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;

/** A JSON file of a Hugging Face directory, read with messages that name file and key. */
public final class ConfigJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final String group;
  private final JsonNode node;

  private ConfigJson(Path file, String group, JsonNode node) {
    this.file = file;
    this.group = group;
    this.node = node;
  }

  /**
   * @throws CheckpointException if the file is missing or not a JSON object
   */
  public static ConfigJson open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException("There is no file " + file + "; check the path");
    }
    try {
      JsonNode node = JSON.readTree(Files.readString(file));
      if (!(node instanceof ObjectNode)) {
        throw new CheckpointException(file + ": is not a JSON object; fetch the file again");
      }
      return new ConfigJson(file, "", node);
    } catch (JsonProcessingException e) {
      throw new CheckpointException(
          file + ": is not JSON: " + e.getOriginalMessage() + "; fetch the file again", e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }

  public Path file() {
    return file;
  }

  /** The JSON object itself. */
  public JsonNode node() {
    return node;
  }

  /** Is it there, and not null? */
  public boolean has(String key) {
    return node.hasNonNull(key);
  }

  /** The object under a key; empty if absent or null. */
  public Optional<ConfigJson> object(String key) {
    if (!has(key)) {
      return Optional.empty();
    }
    if (!node.get(key).isObject()) {
      throw fault(key, "an object is needed here");
    }
    return Optional.of(new ConfigJson(file, group + key + ".", node.get(key)));
  }

  public String text(String key) {
    return required(key).asText();
  }

  public String text(String key, String otherwise) {
    return has(key) ? text(key) : otherwise;
  }

  /** A whole number of at least 1. */
  public int count(String key) {
    JsonNode value = required(key);
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 1) {
      throw fault(key, "a whole number of at least 1 is needed here");
    }
    return value.asInt();
  }

  public int count(String key, int otherwise) {
    return has(key) ? count(key) : otherwise;
  }

  /** A finite number above 0. */
  public double positive(String key) {
    JsonNode value = required(key);
    if (!value.isNumber() || !(value.asDouble() > 0) || Double.isInfinite(value.asDouble())) {
      throw fault(key, "a number above 0 is needed here");
    }
    return value.asDouble();
  }

  public double positive(String key, double otherwise) {
    return has(key) ? positive(key) : otherwise;
  }

  public boolean flag(String key, boolean otherwise) {
    if (!has(key)) {
      return otherwise;
    }
    if (!node.get(key).isBoolean()) {
      throw fault(key, "true or false is needed here");
    }
    return node.get(key).asBoolean();
  }

  /**
   * A text that must be one of a few.
   *
   * @param otherwise where the key is absent or null
   */
  public String only(String key, String otherwise, String... computed) {
    String value = text(key, otherwise);
    if (!List.of(computed).contains(value)) {
      throw fault(key, "computed are " + List.of(computed));
    }
    return value;
  }

  /** Notes a size that is no multiple of another. */
  public void divides(String key, int size, String divisorKey, int divisor) {
    if (size % divisor != 0) {
      throw fault(
          has(key) ? key : divisorKey,
          key + " (" + size + ") must be a multiple of " + divisorKey + " (" + divisor + ")");
    }
  }

  /** A whole number or a list of them; empty if absent or null. */
  public List<Integer> tokens(String key) {
    if (!has(key)) {
      return List.of();
    }
    JsonNode value = node.get(key);
    List<JsonNode> items =
        value.isArray()
            ? StreamSupport.stream(value.spliterator(), false).toList()
            : List.of(value);
    if (!items.stream().allMatch(i -> i.canConvertToInt() && i.isIntegralNumber())) {
      throw fault(key, "token ids are needed here");
    }
    return items.stream().map(JsonNode::asInt).toList();
  }

  /** Notes that a key's value cannot be honoured, and the way out. */
  public CheckpointException fault(String key, String remedy) {
    JsonNode value = node.path(key);
    return new CheckpointException(
        file
            + ": "
            + group
            + key
            + (value.isMissingNode() ? " is missing; " : " = " + value + " cannot be used; ")
            + remedy);
  }

  private JsonNode required(String key) {
    if (!has(key)) {
      throw fault(key, "it must be given; is this the config.json of a language model?");
    }
    return node.get(key);
  }
}
