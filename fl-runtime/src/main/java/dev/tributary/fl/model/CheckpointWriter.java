// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Writes a checkpoint with an adapter merged into its weights, which transformers loads without
 * PEFT. One tensor at a time is in memory.
 */
public final class CheckpointWriter {
  private static final ObjectMapper JSON = new ObjectMapper();

  private CheckpointWriter() {}

  /**
   * Writes the directory in place of what is there: weights in the files, under the names and in
   * the number formats of the base, its config.json and its tokenizer. A single file is called
   * model.safetensors whatever it is called in the base, since no index names it.
   *
   * @param state all trained tensors of the method, for this base
   * @throws IllegalArgumentException if adapters of this kind cannot be merged
   */
  public static void writeMerged(
      Checkpoint base, AdapterMethod method, NamedTensors state, Path directory) {
    Merge merge = new Merge(base, method, state);
    Map<Path, Map<String, Checkpoint.Stored>> byFile =
        base.parameters().entrySet().stream()
            .collect(
                Collectors.groupingBy(
                    parameter -> parameter.getValue().path(),
                    LinkedHashMap::new,
                    Collectors.toMap(
                        Map.Entry::getKey,
                        Map.Entry::getValue,
                        (one, other) -> one,
                        LinkedHashMap::new)));
    WholeDirectory.write(
        directory,
        temporary -> {
          ObjectNode index = JSON.createObjectNode();
          ObjectNode places = JSON.createObjectNode();
          long bytes = 0;
          for (Map.Entry<Path, Map<String, Checkpoint.Stored>> file : byFile.entrySet()) {
            String fileName =
                byFile.size() == 1
                    ? "model.safetensors"
                    : String.valueOf(file.getKey().getFileName());
            SafetensorsWriter writer = new SafetensorsWriter();
            for (Map.Entry<String, Checkpoint.Stored> parameter : file.getValue().entrySet()) {
              add(writer, merge, parameter.getKey(), parameter.getValue());
              places.put(parameter.getValue().entry().name(), fileName);
              bytes += parameter.getValue().entry().bytes();
            }
            writer.writeTo(temporary.resolve(fileName));
          }
          if (byFile.size() > 1) {
            index.putObject("metadata").put("total_size", bytes);
            index.set("weight_map", places);
            Files.writeString(
                temporary.resolve("model.safetensors.index.json"), index.toPrettyString() + "\n");
          }
          Files.copy(base.json().file(), temporary.resolve("config.json"));
          copyCompanions(base.directory(), temporary);
        });
  }

  /**
   * A parameter's values with an adapter merged in, float32.
   *
   * @param parameter a name of {@link ModelConfig#parameters()}
   * @throws IllegalArgumentException if adapters of this kind cannot be merged, or there is no such
   *     parameter
   */
  public static NamedTensors.Tensor merged(
      Checkpoint base, AdapterMethod method, NamedTensors state, String parameter) {
    return new Merge(base, method, state).of(parameter);
  }

  /** Copies what belongs to a checkpoint beside config.json and weights, as far as it is there. */
  static void copyCompanions(Path from, Path to) throws IOException {
    for (String name : Checkpoint.COMPANIONS) {
      if (Files.isRegularFile(from.resolve(name))) {
        Files.copy(from.resolve(name), to.resolve(name));
      }
    }
  }

  private static void add(
      SafetensorsWriter writer, Merge merge, String parameter, Checkpoint.Stored stored) {
    SafetensorsFile.Entry entry = stored.entry();
    if (merge.changes(parameter)) {
      writer.add(
          entry.name(),
          entry.type().weightType().orElseThrow(),
          entry.shape(),
          () -> merge.of(parameter).values());
    } else {
      writer.copy(entry.name(), stored.file(), entry.name());
    }
  }
}
