// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParityTest {
  @TempDir Path folder;
  private final List<String> lines = new ArrayList<>();

  private Parity.Outcome check(Path path) {
    return Parity.check(
        List.of(path), Optional.empty(), Optional.empty(), Device.cpu(), lines::add);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "models/llama",
        "models/llama-tied",
        "models/llama3-rope",
        "models/mistral",
        "models/smollm2-like",
        "adapters/llama/lora",
        "adapters/llama/rslora",
        "bfloat16",
        "optimisers"
      })
  void agreesWithTheReference(String name) {
    Parity.Outcome outcome = check(SharedData.path("fixtures/" + name));
    assertThat(lines).isNotEmpty().allMatch(line -> line.startsWith("OK " + name));
    assertThat(outcome.missed()).isZero();
    assertThat(outcome.exitCode()).isZero();
  }

  @Test
  void comparesEveryOutputOfAModel() {
    check(SharedData.path("fixtures/models/llama"));
    assertThat(lines.stream().map(line -> line.split(" ", 4)[2]))
        .containsExactly(
            "logits",
            "label_logprobs",
            "loss",
            "training_loss",
            "gradients",
            "gradient_norm",
            "gradient_norms",
            "greedy",
            "greedy_batched",
            "greedy_batched_with_eos",
            "greedy_logprobs");
    assertThat(lines.get(0)).matches("OK models/llama logits \\d\\.\\de-\\d+ <= 1\\.1e-4");
  }

  @Test
  void comparesEveryOutputOfAnAdapter() {
    check(SharedData.path("fixtures/adapters/llama/lora"));
    assertThat(lines.stream().map(line -> line.split(" ", 4)[2]))
        .contains("adamw", "adamw_losses", "sgd", "sgd_losses", "merged", "gradients", "greedy");
  }

  @Test
  void findsAWeightThatIsNotTheRecordedOne() throws IOException {
    Path model = copy(SharedData.path("fixtures/models/smollm2-like"), "models/changed");
    Path weights = model.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 2] = 0x41; // of the last norm's last weight: about 10
    Files.write(weights, bytes);
    Parity.Outcome outcome = check(model);
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(lines).anyMatch(line -> line.startsWith("MISS models/changed logits "));
    assertThat(lines.get(0)).contains(" > ");
  }

  @Test
  void aModelThatIsNotSupportedIsAMiss() throws IOException {
    Path model = copy(SharedData.path("fixtures/models/gpt2"), "models/unknown");
    Path config = model.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("\"gpt2\"", "\"gpt3\""));
    Parity.Outcome outcome = check(model);
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(lines).hasSize(1);
    assertThat(lines.get(0))
        .startsWith("MISS models/unknown all outputs: ")
        .contains("model_type = \"gpt3\" cannot be used");
  }

  @Test
  void refusesAFolderWithoutRecordings() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    assertThatThrownBy(() -> check(folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("nothing in it is recognised as a recording");
    assertThatThrownBy(() -> check(folder.resolve("none")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("there is no such folder");
    assertThat(lines).isEmpty();
  }

  @Test
  void anAdapterAwayFromItsBaseIsAMiss() throws IOException {
    Path alone = copy(SharedData.path("fixtures/adapters/llama/lora"), "alone");
    assertThat(check(alone).exitCode()).isEqualTo(1);
    assertThat(lines.get(0))
        .contains("all outputs: it needs models/llama, and no folder above")
        .endsWith("keep the set together");
  }

  private Path copy(Path from, String to) throws IOException {
    Path target = folder.resolve(to);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path place = target.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(place);
        } else {
          Files.createDirectories(place.getParent());
          Files.copy(file, place, StandardCopyOption.REPLACE_EXISTING);
          assertThat(place.toFile().setWritable(true)).isTrue();
        }
      }
    }
    return target;
  }
}
