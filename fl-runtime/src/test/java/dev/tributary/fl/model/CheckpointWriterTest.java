// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointWriterTest {
  private static final Lora LORA = new Lora(new LoraConfig(2, 6, 0, List.of("q_proj"), false));

  @TempDir Path folder;
  private Path config;

  @BeforeEach
  void config() throws IOException {
    config = folder.resolve("config.json");
    Files.writeString(
        config,
        """
        {"model_type": "llama", "vocab_size": 101, "hidden_size": 16, "intermediate_size": 12,
         "num_hidden_layers": 2, "num_attention_heads": 2, "eos_token_id": 2,
         "initializer_range": 0.05, "tie_word_embeddings": false}
        """);
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
  }

  @Test
  void drawsFreshWeightsFromTheSeed() throws IOException {
    Checkpoint fresh = InitialCheckpoint.write(config, 17, folder.resolve("a"));
    assertThat(fresh.parameters().values())
        .extracting(stored -> stored.entry().type())
        .containsOnly(ElementType.F32);
    assertThat(fresh.directory().resolve("tokenizer.json")).exists();
    assertThat(fresh.parameter("model.norm.weight").values()).containsOnly(1);
    float[] embeddings = fresh.parameter("model.embed_tokens.weight").values();
    double mean = 0;
    double square = 0;
    for (float value : embeddings) {
      mean += value / embeddings.length;
      square += value * value / embeddings.length;
    }
    assertThat(mean).isCloseTo(0, within(0.005));
    assertThat(Math.sqrt(square)).isCloseTo(0.05, within(0.003));

    Checkpoint again = InitialCheckpoint.write(config, 17, folder.resolve("b"));
    assertThat(again.directory().resolve("model.safetensors"))
        .hasSameBinaryContentAs(fresh.directory().resolve("model.safetensors"));
    Checkpoint other = InitialCheckpoint.write(config, 18, folder.resolve("b"));
    assertThat(other.parameter("lm_head.weight").values())
        .isNotEqualTo(fresh.parameter("lm_head.weight").values());
  }

  @Test
  void refusesAConfigOfAnUnknownModel() throws IOException {
    Files.writeString(config, "{\"model_type\": \"mamba\"}");
    assertThatThrownBy(() -> InitialCheckpoint.write(config, 1, folder.resolve("a")))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("model_type = \"mamba\" cannot be used");
    assertThat(folder.resolve("a")).doesNotExist();
  }

  @Test
  void mergesIntoEveryFileOfAShardedBase() throws IOException {
    Checkpoint base = sharded(InitialCheckpoint.write(config, 17, folder.resolve("a")));
    NamedTensors state = randomised(LORA.initial(base, Seed.of(1)));
    CheckpointWriter.writeMerged(base, LORA, state, folder.resolve("merged"));

    Checkpoint merged = Checkpoint.open(folder.resolve("merged"));
    assertThat(merged.directory().resolve("tokenizer.json")).exists();
    assertThat(merged.directory().resolve("model-2.safetensors")).exists();
    for (String name : base.parameters().keySet()) {
      float[] before = base.parameter(name).values();
      float[] after = merged.parameter(name).values();
      if (!name.contains("q_proj")) {
        assertThat(after).isEqualTo(before);
        continue;
      }
      String layer = name.substring(0, name.length() - ".weight".length());
      float[] a = state.get(layer + Lora.A).values(); // (2, 16)
      float[] b = state.get(layer + Lora.B).values(); // (16, 2)
      for (int o = 0; o < 16; o++) {
        for (int i = 0; i < 16; i++) {
          float exact = before[o * 16 + i] + 3 * (b[2 * o] * a[i] + b[2 * o + 1] * a[16 + i]);
          float rounded = HalfPrecision.fromBFloat16(HalfPrecision.toBFloat16(exact));
          assertThat(after[o * 16 + i]).isCloseTo(rounded, within(Math.abs(exact) / 128));
        }
      }
    }
  }

  @Test
  void fullFineTuningReplacesEveryParameterAndNoAdapterNone() {
    Checkpoint base = InitialCheckpoint.write(config, 17, folder.resolve("a"));
    NamedTensors trained = randomised(new FullFineTuning().initial(base, Seed.of(1)));
    CheckpointWriter.writeMerged(base, new FullFineTuning(), trained, folder.resolve("full"));
    Checkpoint full = Checkpoint.open(folder.resolve("full"));
    trained
        .byName()
        .forEach((name, t) -> assertThat(full.parameter(name).values()).isEqualTo(t.values()));
    CheckpointWriter.writeMerged(
        base, new BaseOnly(), new NamedTensors(Map.of()), folder.resolve("same"));
    assertThat(folder.resolve("same/model.safetensors"))
        .hasSameBinaryContentAs(folder.resolve("a/model.safetensors"));
  }

  @Test
  void aMergedCheckpointOfOneNumberedFileIsFoundWithoutAnIndex() throws IOException {
    Checkpoint whole = InitialCheckpoint.write(config, 17, folder.resolve("a"));
    Path directory = Files.createDirectories(folder.resolve("numbered"));
    Files.copy(config, directory.resolve("config.json"));
    Files.copy(
        folder.resolve("a/model.safetensors"),
        directory.resolve("model-00001-of-00001.safetensors"));
    String places =
        whole.parameters().keySet().stream()
            .map(name -> "\"%s\": \"model-00001-of-00001.safetensors\"".formatted(name))
            .collect(Collectors.joining(","));
    Files.writeString(
        directory.resolve("model.safetensors.index.json"), "{\"weight_map\": {" + places + "}}");
    Checkpoint base = Checkpoint.open(directory);
    CheckpointWriter.writeMerged(
        base, LORA, LORA.initial(base, Seed.of(1)), folder.resolve("merged"));

    assertThat(Checkpoint.open(folder.resolve("merged")).parameters().keySet())
        .isEqualTo(whole.parameters().keySet());
    assertThat(folder.resolve("merged/model.safetensors"))
        .hasSameBinaryContentAs(folder.resolve("a/model.safetensors"));
    assertThat(folder.resolve("merged/model.safetensors.index.json")).doesNotExist();
  }

  /** Opens the checkpoint in the working directory, which a test cannot change for itself. */
  static final class OpenHere {
    public static void main(String[] arguments) {
      System.out.println(Checkpoint.open(Path.of(".")).sha256());
    }
  }

  @Test
  void aShardedCheckpointIsOpenedInTheWorkingDirectory() throws Exception {
    Checkpoint base = sharded(InitialCheckpoint.write(config, 17, folder.resolve("a")));
    Process there =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OpenHere.class.getName())
            .directory(base.directory().toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(there.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(there.waitFor()).as(said).isZero();
    assertThat(said.strip()).endsWith(base.sha256());
  }

  @Test
  void aShardElsewhereIsRefused() throws IOException {
    Checkpoint base = sharded(InitialCheckpoint.write(config, 17, folder.resolve("a")));
    Path index = base.directory().resolve("model.safetensors.index.json");
    Files.writeString(
        index, Files.readString(index).replace("model-1.safetensors", "../a/model.safetensors"));
    assertThatThrownBy(() -> Checkpoint.open(base.directory()))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("the shard '../a/model.safetensors' is not in the same directory");
  }

  @Test
  void aMergedCheckpointKeepsTheConfigOfItsBase() throws IOException {
    String keys = "\"rope_parameters\": {\"rope_theta\": 5e5, \"rope_type\": \"default\"}";
    Files.writeString(config, Files.readString(config).replace("\"eos_token_id\": 2", keys));
    Checkpoint base = InitialCheckpoint.write(config, 17, folder.resolve("a"));
    NamedTensors state = LORA.initial(base, Seed.of(1));
    CheckpointWriter.writeMerged(base, LORA, state, folder.resolve("merged"));

    assertThat(((LlamaConfig) base.config()).ropeTheta()).isEqualTo(500_000);
    assertThat(folder.resolve("merged/config.json"))
        .hasSameBinaryContentAs(folder.resolve("a/config.json"))
        .content()
        .contains("rope_parameters");
  }

  @ParameterizedTest
  @ValueSource(strings = {"lora", "rslora"})
  void mergedWeightsAreThoseOfPeft(String name) {
    Checkpoint base = Checkpoint.open(SharedData.path("fixtures/models/llama"));
    Path recorded = SharedData.path("fixtures/adapters/llama/" + name);
    PeftDirectory.Contents adapter = PeftDirectory.read(recorded, base.config());
    SafetensorsFile expected = SafetensorsFile.open(recorded.resolve("golden/merged.safetensors"));
    assertThat(expected.entries()).isNotEmpty();
    for (String parameter : expected.entries().keySet()) {
      float[] merged =
          CheckpointWriter.merged(base, adapter.method(), adapter.state(), parameter).values();
      float[] reference = expected.floats(parameter);
      assertThat(merged).hasSameSizeAs(reference);
      for (int i = 0; i < merged.length; i++) {
        assertThat(merged[i]).isCloseTo(reference[i], within(1e-6f));
      }
    }
  }

  /** The same weights in two files, as bfloat16, with an index. */
  private Checkpoint sharded(Checkpoint whole) throws IOException {
    Path directory = Files.createDirectories(folder.resolve("sharded"));
    List<String> names = List.copyOf(whole.parameters().keySet());
    StringBuilder places = new StringBuilder();
    for (int file = 1; file <= 2; file++) {
      SafetensorsWriter writer = new SafetensorsWriter();
      for (int i = 0; i < names.size(); i++) {
        String name = names.get(i);
        if (i % 2 == file - 1) {
          NamedTensors.Tensor tensor = whole.parameter(name);
          writer.add(name, DType.BFLOAT16, tensor.shape(), tensor::values);
          places.append(places.isEmpty() ? "" : ",");
          places.append("\"" + name + "\": \"model-" + file + ".safetensors\"");
        }
      }
      writer.writeTo(directory.resolve("model-" + file + ".safetensors"));
    }
    Files.writeString(
        directory.resolve("model.safetensors.index.json"), "{\"weight_map\": {" + places + "}}");
    Files.copy(config, directory.resolve("config.json"));
    Files.copy(folder.resolve("tokenizer.json"), directory.resolve("tokenizer.json"));
    return Checkpoint.open(directory);
  }

  private static NamedTensors randomised(NamedTensors tensors) {
    Map<String, NamedTensors.Tensor> drawn = new LinkedHashMap<>();
    tensors
        .byName()
        .forEach(
            (name, t) -> {
              var random = Seed.of(9).child(name).random();
              float[] values = new float[t.values().length];
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextDouble() - 0.5f;
              }
              drawn.put(name, new NamedTensors.Tensor(t.shape(), values));
            });
    return new NamedTensors(drawn);
  }
}
