// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tributary.fl.config.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a split was made of and what is in it: {@code manifest.json}, with the components' names in
 * snake_case.
 *
 * @param format {@value #FORMAT}
 * @param formatVersion {@value #VERSION}
 * @param splitter its name and all its arguments, defaults spelt out, keys as in experiment files
 * @param holdout shares by split
 * @param brokenRecords {@code fail} or {@code skip}
 * @param clean what was left out on purpose, as in experiment files, and the hashes of the encoder
 *     and the benchmarks where those decided
 * @param records in the source; each is an example or skipped
 * @param examples by split; {@code server} where it holds any
 * @param skipped records that are no examples, by reason
 * @param notes counts worth knowing: {@code empty_answers} are kept as they are; {@code duplicates}
 *     have the mapped fields of another example
 * @param columns of the files, in order
 * @param categories by category, by split; the empty name is that of examples without one
 * @param server what the server holds, as a client of the number {@link SplitDirectory#SERVER};
 *     without examples where it holds none
 * @param overlap held-out examples whose mapped fields are also those of a train example, by split
 */
public record Manifest(
    String format,
    int formatVersion,
    Source corpus,
    long seed,
    Map<String, Object> splitter,
    Map<String, Double> holdout,
    String brokenRecords,
    Map<String, Object> clean,
    long records,
    Map<String, Long> examples,
    Map<String, Long> skipped,
    Map<String, Long> notes,
    List<String> columns,
    Map<String, Map<String, Long>> categories,
    List<Client> clients,
    Client server,
    Skew skew,
    Map<String, Long> overlap) {
  public static final String FORMAT = "tributary-split";
  public static final int VERSION = 3;

  /**
   * Where the examples are from.
   *
   * @param settings the corpus's name and arguments
   * @param path as the experiment file gave it
   * @param contentSha256 of the files' bytes, whatever they are called and in whatever order
   */
  public record Source(
      Map<String, Object> settings, String path, String contentSha256, List<File> files) {
    /**
     * A file of the corpus when it was read.
     *
     * @param modifiedMillis when it was last changed, since 1970
     */
    public record File(String name, long bytes, long modifiedMillis) {}
  }

  /**
   * One client.
   *
   * @param client its number, from 0
   * @param name what people call it
   * @param examples by split
   * @param categories by category, by split; what it has none of is left out
   * @param labelDistance see {@link Skew}
   */
  public record Client(
      int client,
      String name,
      Map<String, Long> examples,
      Map<String, Map<String, Long>> categories,
      double labelDistance) {
    /** Examples of all splits. */
    public long total() {
      return examples.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /**
   * How unlike clients are, over all splits together.
   *
   * @param labelColumn the column whose values are the labels
   * @param distance which one: total variation, half the sum over labels of the differences between
   *     a client's shares and the whole's; 0 for equal mixes, towards 1 for labels of one's own
   * @param mean of clients
   * @param meanByExamples of clients, weighted by their examples
   * @param max the most unlike client
   * @param sizeGini of the clients' sizes: 0 if equal, towards 1 if one has all
   */
  public record Skew(
      String labelColumn,
      String distance,
      double mean,
      double meanByExamples,
      double max,
      double sizeGini) {}

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .serializationInclusion(JsonInclude.Include.ALWAYS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  /** Examples of all splits. */
  public long total() {
    return examples.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Everybody who holds examples: the clients, and the server if it does. */
  public List<Client> holders() {
    List<Client> holders = new ArrayList<>(clients);
    if (server.total() > 0) {
      holders.add(server);
    }
    return holders;
  }

  String toJson() {
    try {
      return JSON.writeValueAsString(this) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A manifest is texts, numbers, lists and maps", e);
    }
  }

  /**
   * @param place for messages
   * @throws InputException if it is damaged or of another version
   */
  static Manifest read(String json, String place) {
    try {
      JsonNode tree = JSON.readTree(json);
      if (!tree.path("format").asText().equals(FORMAT)) {
        throw new InputException(
            place
                + " is no manifest of a split; name another data.output, or remove what is there to"
                + " make a split");
      }
      int version = tree.path("format_version").asInt();
      if (version != VERSION) {
        throw new InputException(
            place
                + " is of format version "
                + version
                + ", this is the program for version "
                + VERSION
                + "; remove the split to make it anew, or name another data.output");
      }
      return JSON.treeToValue(tree, Manifest.class);
    } catch (JsonProcessingException e) {
      throw new InputException(
          place + " is damaged: " + e.getOriginalMessage() + "; remove the split to make it anew",
          e);
    }
  }

  /** For comparing by value, whatever number types the two have. */
  static JsonNode tree(Object value) {
    try {
      return JSON.readTree(JSON.writeValueAsString(value));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Settings are texts, numbers, lists and maps", e);
    }
  }
}
