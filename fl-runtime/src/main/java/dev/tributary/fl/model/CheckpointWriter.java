// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.NamedTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
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
              add(writer, base, method, state, parameter.getKey(), parameter.getValue());
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
   * A parameter's values with an adapter merged in, float32: {@code W + scale·B·A} where LoRA
   * adapts the layer, the trained values under full fine-tuning, else those of the base.
   *
   * @param parameter a name of {@link ModelConfig#parameters()}
   * @throws IllegalArgumentException if adapters of this kind cannot be merged, or there is no such
   *     parameter
   */
  public static NamedTensors.Tensor merged(
      Checkpoint base, AdapterMethod method, NamedTensors state, String parameter) {
    if (!changes(method, state, parameter)) {
      return base.parameter(parameter);
    }
    if (method instanceof Lora lora) {
      String layer = layer(parameter);
      return sum(
          base.parameter(parameter),
          lora.config().scale(),
          state.get(layer + Lora.B),
          state.get(layer + Lora.A));
    }
    return state.get(parameter);
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
      SafetensorsWriter writer,
      Checkpoint base,
      AdapterMethod method,
      NamedTensors state,
      String parameter,
      Checkpoint.Stored stored) {
    SafetensorsFile.Entry entry = stored.entry();
    if (changes(method, state, parameter)) {
      writer.add(
          entry.name(),
          entry.type().weightType().orElseThrow(),
          entry.shape(),
          () -> merged(base, method, state, parameter).values());
    } else {
      writer.copy(entry.name(), stored.file(), entry.name());
    }
  }

  private static boolean changes(AdapterMethod method, NamedTensors state, String parameter) {
    if (method instanceof Lora) {
      return state.byName().containsKey(layer(parameter) + Lora.A);
    }
    if (method instanceof FullFineTuning || method instanceof BaseOnly) {
      return state.byName().containsKey(parameter);
    }
    throw new IllegalArgumentException(
        "Cannot merge " + method + " into a checkpoint: it is no change of weights");
  }

  private static String layer(String parameter) {
    return parameter.endsWith(".weight")
        ? parameter.substring(0, parameter.length() - ".weight".length())
        : parameter;
  }

  /** W + scale·B·A; W (o, i), B (o, r), A (r, i). */
  private static NamedTensors.Tensor sum(
      NamedTensors.Tensor w, double scale, NamedTensors.Tensor b, NamedTensors.Tensor a) {
    int outputs = Math.toIntExact(w.shape().get(0));
    int inputs = Math.toIntExact(w.shape().get(1));
    int rank = Math.toIntExact(a.shape().get(0));
    if (!a.shape().equals(List.of((long) rank, (long) inputs))
        || !b.shape().equals(List.of((long) outputs, (long) rank))) {
      throw new IllegalArgumentException(
          "An update of shapes " + b.shape() + ", " + a.shape() + " is none of " + w.shape());
    }
    float[] result = new float[w.values().length];
    float[] update = new float[inputs];
    for (int o = 0; o < outputs; o++) {
      Arrays.fill(update, 0);
      for (int r = 0; r < rank; r++) {
        float factor = b.values()[o * rank + r];
        for (int i = 0; i < inputs; i++) {
          update[i] += factor * a.values()[r * inputs + i];
        }
      }
      for (int i = 0; i < inputs; i++) {
        result[o * inputs + i] = w.values()[o * inputs + i] + (float) scale * update[i];
      }
    }
    return new NamedTensors.Tensor(w.shape(), result);
  }
}
