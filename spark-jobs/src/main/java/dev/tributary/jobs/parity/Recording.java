// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A folder of a set of recordings.
 *
 * @param folder absolute
 * @param root of the set, which paths inside recordings count from; empty for a folder on its own
 */
record Recording(Path folder, Optional<Path> root) {
  private static final ObjectMapper JSON = new ObjectMapper();

  String name() {
    Path path = root.map(r -> r.relativize(folder)).orElse(folder);
    return path.toString().isEmpty() ? String.valueOf(folder.getFileName()) : path.toString();
  }

  boolean has(String relative) {
    return Files.exists(folder.resolve(relative));
  }

  /** A JSON file of the folder. */
  JsonNode meta(String relative) {
    return json(folder.resolve(relative));
  }

  SafetensorsFile tensors(String relative) {
    return SafetensorsFile.open(folder.resolve(relative));
  }

  /** What a recording names relative to the root, e.g. {@code models/llama}. */
  Path inSet(String relative) {
    return root.map(r -> r.resolve(relative))
        .orElseThrow(
            () ->
                new InputException(
                    "it needs "
                        + relative
                        + ", and no folder above "
                        + folder
                        + " has a folder models; keep the set together"));
  }

  private static JsonNode json(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new InputException("there is no " + file + "; the recording is not whole");
    }
    try {
      return JSON.readTree(Files.readString(file));
    } catch (JsonProcessingException e) {
      throw new InputException(file + " is not JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }
}
