// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.SafetensorsFile;
import dev.tributary.fl.testing.SharedData;
import dev.tributary.fl.text.EncodedExample;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What transformers and PEFT computed for one model or adapter: {@code fixtures/README.md}. */
final class Golden {
  private static final String PEFT_PREFIX = "base_model.model.";

  private final Path folder;
  private final Path model;
  private final JsonNode meta;

  private Golden(Path folder, Path model) {
    this.folder = folder;
    this.model = model;
    this.meta = json(folder.resolve("golden/meta.json"));
  }

  static Golden model(String name) {
    Path folder = SharedData.path("fixtures/models/" + name);
    return new Golden(folder, folder);
  }

  static Golden adapter(String modelName, String name) {
    return new Golden(
        SharedData.path("fixtures/adapters/" + modelName + "/" + name),
        SharedData.path("fixtures/models/" + modelName));
  }

  static JsonNode json(Path file) {
    try {
      return JsonMapper.builder().build().readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Checkpoint checkpoint() {
    return Checkpoint.open(model);
  }

  JsonNode meta() {
    return meta;
  }

  JsonNode generation() {
    return json(folder.resolve("golden/generate.json"));
  }

  double tolerance(String check) {
    return meta.path("checks").path(check).path("tolerance").asDouble();
  }

  SafetensorsFile file(String name) {
    return SafetensorsFile.open(folder.resolve("golden").resolve(name + ".safetensors"));
  }

  /** The recorded batch without its padding. */
  PackedBatch batch() {
    SafetensorsFile file = SafetensorsFile.open(model.resolve("golden/batch.safetensors"));
    int columns = Math.toIntExact(file.entry("input_ids").shape().get(1));
    long[] ids = file.longs("input_ids");
    long[] mask = file.longs("attention_mask");
    long[] labels = file.longs("labels");
    List<EncodedExample> examples = new ArrayList<>();
    for (int row = 0; row < ids.length / columns; row++) {
      int length = 0;
      int prompt = 0;
      while (length < columns && mask[row * columns + length] == 1) {
        prompt += labels[row * columns + length] == -100 ? 1 : 0;
        length++;
      }
      int[] tokens =
          Arrays.stream(ids, row * columns, row * columns + length)
              .mapToInt(id -> (int) id)
              .toArray();
      examples.add(new EncodedExample("row " + row, tokens, prompt));
    }
    return PackedBatch.of(examples, PackedBatch.Beginning.REPEATED);
  }

  /** Of the recorded (B, T, .) values those at real tokens, row by row. */
  float[] atTokens(float[] recorded, int width) {
    SafetensorsFile file = SafetensorsFile.open(model.resolve("golden/batch.safetensors"));
    long[] mask = file.longs("attention_mask");
    float[] found = new float[width * (int) Arrays.stream(mask).sum()];
    int at = 0;
    for (int row = 0; row < mask.length; row++) {
      if (mask[row] == 1) {
        System.arraycopy(recorded, row * width, found, at, width);
        at += width;
      }
    }
    return found;
  }

  /** Log-probabilities where labels are. */
  double[] labelLogProbabilities() {
    long[] labels = SafetensorsFile.open(model.resolve("golden/batch.safetensors")).longs("labels");
    double[] recorded = file("forward").doubles("label_logprobs");
    double[] found = new double[recorded.length];
    int at = 0;
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] != -100) {
        found[at++] = recorded[i];
      }
    }
    return Arrays.copyOf(found, at);
  }

  Lora lora() {
    JsonNode config = json(folder.resolve("adapter_config.json"));
    List<String> targets = new ArrayList<>();
    config.path("target_modules").forEach(target -> targets.add(target.asText()));
    return new Lora(
        new LoraConfig(
            config.path("r").asInt(),
            config.path("lora_alpha").asDouble(),
            0,
            targets,
            config.path("use_rslora").asBoolean()));
  }

  /** The tensors of a file under our names. */
  static NamedTensors withoutPrefix(SafetensorsFile file) {
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    file.tensors()
        .byName()
        .forEach(
            (name, tensor) ->
                tensors.put(
                    name.startsWith(PEFT_PREFIX) ? name.substring(PEFT_PREFIX.length()) : name,
                    tensor));
    return new NamedTensors(tensors);
  }

  NamedTensors adapterState() {
    return withoutPrefix(file("trainable"));
  }

  static List<int[]> tokens(JsonNode rows) {
    List<int[]> all = new ArrayList<>();
    for (JsonNode row : rows) {
      int[] tokens = new int[row.size()];
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = row.get(i).asInt();
      }
      all.add(tokens);
    }
    return all;
  }

  static void assertClose(String what, float[] found, float[] expected, double tolerance) {
    assertThat(found).as(what).hasSameSizeAs(expected);
    double worst = 0;
    for (int i = 0; i < found.length; i++) {
      double difference = Math.abs((double) found[i] - expected[i]);
      worst = difference <= worst ? worst : difference; // NaN is kept
    }
    assertThat(worst).as(what + ": largest difference").isLessThanOrEqualTo(tolerance);
  }

  static void assertClose(NamedTensors found, NamedTensors expected, double tolerance) {
    expected
        .byName()
        .forEach(
            (name, tensor) ->
                assertClose(name, found.get(name).values(), tensor.values(), tolerance));
  }
}
