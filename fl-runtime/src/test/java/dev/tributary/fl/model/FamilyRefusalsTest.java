// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every family's config.json: what is not computed is refused by its key, with what to do. */
class FamilyRefusalsTest {
  @TempDir Path folder;

  private static ModelFamily family(String modelType) {
    return List.of(new LlamaFamily(), new OptFamily(), new Gpt2Family(), new BloomFamily()).stream()
        .filter(family -> family.modelTypes().contains(modelType))
        .findFirst()
        .orElseThrow();
  }

  private ModelConfig read(String modelType, String keys) throws IOException {
    String sizes =
        switch (modelType) {
          case "llama", "mistral", "qwen2" ->
              "\"vocab_size\": 101, \"hidden_size\": 16, \"intermediate_size\": 12,"
                  + " \"num_hidden_layers\": 2, \"num_attention_heads\": 2";
          default -> "\"vocab_size\": 101";
        };
    Path file =
        Files.writeString(
            folder.resolve("config.json"),
            "{\"model_type\": \"" + modelType + "\", " + sizes + ", " + keys + "}");
    return family(modelType).read(ConfigJson.open(file), List.of(2));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          llama | "hidden_act": "gelu" | hidden_act = "gelu" cannot be used; computed are [silu]
          llama | "quantization_config": {"bits": 4} | quantization_config = {"bits":4} cannot be used; quantised weights are not read; take the float checkpoint
          llama | "num_key_value_heads": 3 | num_key_value_heads = 3 cannot be used; it must divide num_attention_heads (2)
          llama | "head_dim": 7 | head_dim = 7 cannot be used; rotary positions need even heads
          llama | "hidden_size": 15 | hidden_size = 15 cannot be used; it must be a multiple of num_attention_heads, or head_dim be given
          mistral | "sliding_window": 4096, "num_key_value_heads": 1 | sliding_window = 4096 cannot be used; attention over a window is not computed; if no text is longer than the window, set the key to null
          qwen2 | "use_sliding_window": true | use_sliding_window = true cannot be used; attention over a window is not computed; if no text is longer than the window, set the key to false
          opt | "activation_function": "gelu" | activation_function = "gelu" cannot be used; computed are [relu]
          opt | "enable_bias": false | enable_bias = false cannot be used; only true is computed; take a checkpoint with them
          opt | "layer_norm_elementwise_affine": false | layer_norm_elementwise_affine = false cannot be used; only true is computed
          opt | "num_attention_heads": 5 | num_attention_heads = 5 cannot be used; hidden_size (768) must be a multiple of num_attention_heads (5)
          gpt2 | "activation_function": "relu" | activation_function = "relu" cannot be used; computed are [gelu_new,
          gpt2 | "scale_attn_weights": false | scale_attn_weights = false cannot be used; only scores over sqrt(head size) are computed
          gpt2 | "add_cross_attention": true | add_cross_attention = true cannot be used; an encoder's states are not read; set it to false
          gpt2 | "n_embd": 10, "n_head": 3 | n_embd = 10 cannot be used; n_embd (10) must be a multiple of n_head (3)
          gpt2 | "n_layer": 0 | n_layer = 0 cannot be used; a whole number of at least 1 is needed here
          bloom | "n_embed": 10, "n_head": 4 | n_embed = 10 cannot be used; n_embed (10) must be a multiple of n_head (4)
          bloom | "layer_norm_epsilon": -1 | layer_norm_epsilon = -1 cannot be used; a number above 0 is needed here
          bloom | "tie_word_embeddings": "yes" | tie_word_embeddings = "yes" cannot be used; true or false is needed here
          """)
  void whatIsNotComputedIsRefusedByItsKey(String modelType, String keys, String message) {
    assertThatThrownBy(() -> read(modelType, keys))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(folder.resolve("config.json") + ": " + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          mistral | "sliding_window": null, "num_key_value_heads": 2 | 131072
          qwen2 | "sliding_window": 4096 | 32768
          llama | "max_position_embeddings": 77 | 77
          opt | "max_position_embeddings": 64 | 64
          gpt2 | "n_inner": null | 1024
          bloom | "n_embed": 16, "num_attention_heads": 4 | 2048
          """)
  void whatStandsThereForNothingIsRead(String modelType, String keys, int positions)
      throws IOException {
    ModelConfig config = read(modelType, keys);

    assertThat(config.modelType()).isEqualTo(modelType);
    assertThat(config.maxPositions()).isEqualTo(positions);
  }
}
