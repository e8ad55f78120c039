// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * A model at one commit, on this machine.
 *
 * @param name as it was asked for
 * @param commit that the revision stood for, 40 hexadecimal digits
 * @param directory a Hugging Face directory; its files may be links into the cache
 */
public record Snapshot(ModelName name, String commit, Path directory) {
  static final String SINGLE = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** The name that stands for the same content for ever. */
  public ModelName pinned() {
    return name.at(commit);
  }

  /** Files that are needed and not there; empty if the model can be opened. */
  List<String> missing(Extent extent) {
    List<String> missing = new ArrayList<>();
    if (extent == Extent.TEXTS) {
      return hasTokenizer() ? missing : List.of("tokenizer.json");
    }
    if (!has("config.json")) {
      missing.add("config.json");
    }
    if (!has(SINGLE)) {
      if (has(INDEX)) {
        shards(directory.resolve(INDEX)).stream().filter(s -> !has(s)).forEach(missing::add);
      } else {
        missing.add(SINGLE);
      }
    }
    return missing;
  }

  /** Whether a tokenizer is there, which other programs may have left out. */
  boolean hasTokenizer() {
    return Extent.TOKENIZERS.stream().anyMatch(this::has);
  }

  private boolean has(String file) {
    return Files.isRegularFile(directory.resolve(file));
  }

  /**
   * The files of weights that an index names.
   *
   * @throws InputException if it is no such index
   */
  static List<String> shards(Path index) {
    try {
      TreeSet<String> names = new TreeSet<>();
      for (JsonNode name : JSON.readTree(Files.readAllBytes(index)).path("weight_map")) {
        names.add(name.asText());
      }
      if (!names.isEmpty()) {
        return List.copyOf(names);
      }
      throw new InputException(
          "Cannot read " + index + ": it has no weight_map; remove it, and fetch the model again");
    } catch (IOException e) {
      throw new InputException(
          "Cannot read "
              + index
              + " ("
              + e.getMessage()
              + "); remove it, and fetch the model again",
          e);
    }
  }
}
