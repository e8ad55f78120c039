// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rotary positions in config.json, by the keys of transformers 4 and of transformers 5. */
class LlamaFamilyTest {
  private static final String LLAMA3 =
      "\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0,"
          + " \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 8192";

  @TempDir Path folder;

  private LlamaConfig read(String keys) {
    try {
      Path file =
          Files.writeString(
              folder.resolve("config.json"),
              """
              {"model_type": "llama", "vocab_size": 101, "hidden_size": 16,
               "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2
               %s}
              """
                  .formatted(keys.isEmpty() ? "" : ", " + keys));
      return new LlamaFamily().read(ConfigJson.open(file), List.of(2));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theKeysOfTransformers5AreReadAsThoseOfTransformers4() {
    LlamaConfig before = read("\"rope_theta\": 500000.0, \"rope_scaling\": {%s}".formatted(LLAMA3));
    LlamaConfig now = read("\"rope_parameters\": {\"rope_theta\": 500000.0, %s}".formatted(LLAMA3));

    assertThat(now).isEqualTo(before);
    assertThat(now.ropeTheta()).isEqualTo(500_000);
    assertThat(now.ropeScaling()).isEqualTo(new RopeScaling.Llama3(8, 1, 4, 8192));
    assertThat(read("\"rope_parameters\": {\"rope_theta\": 20000, \"rope_type\": \"default\"}"))
        .isEqualTo(read("\"rope_theta\": 20000"));
    assertThat(read("\"rope_theta\": 10000, \"rope_parameters\": null")).isEqualTo(read(""));
  }

  @Test
  void bothKindsOfKeysMayStandThereIfTheyAgree() {
    assertThat(
            read(
                ("\"rope_theta\": 5e5, \"rope_scaling\": {%1$s},"
                        + " \"rope_parameters\": {\"rope_theta\": 500000, %1$s}")
                    .formatted(LLAMA3)))
        .isEqualTo(read("\"rope_parameters\": {\"rope_theta\": 500000, %s}".formatted(LLAMA3)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "rope_parameters": {"rope_theta": 1e4, "rope_type": "yarn"} | rope_parameters.rope_type = "yarn" cannot be used; computed are default, linear and llama3;
          "rope_parameters": {"rope_theta": 1e4, "rope_type": "linear"} | rope_parameters.factor is missing;
          "rope_parameters": {"rope_type": "default"} | rope_parameters.rope_theta is missing;
          "rope_parameters": {"rope_theta": 0} | rope_parameters.rope_theta = 0 cannot be used; a number above 0
          "rope_parameters": 7 | rope_parameters = 7 cannot be used; an object is needed here
          "rope_theta": 1e4, "rope_parameters": {"rope_theta": 5e5} | rope_theta = 10000.0 cannot be used; rope_parameters says 500000.0; leave the wrong one out
          "rope_scaling": {"type": "linear", "factor": 2}, "rope_parameters": {"rope_theta": 1e4} | rope_scaling = {"type":"linear","factor":2} cannot be used; rope_parameters says otherwise; leave the wrong one out
          """)
  void whatIsNotComputedIsRefusedByItsKey(String keys, String message) {
    assertThatThrownBy(() -> read(keys))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(folder.resolve("config.json") + ": " + message);
  }
}
