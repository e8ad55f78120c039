// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.TestDevice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Greedy tokens against those of transformers. */
class GenerationFixturesTest {
  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-tied", "llama3-rope", "mistral", "smollm2-like"})
  void baseModelsContinueAsTransformersDoes(String name) {
    Golden golden = Golden.model(name);
    try (CausalLm model =
            TorchScript.load(golden.checkpoint(), DType.FLOAT32, TestDevice.chosen());
        TrainedWeights base = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      check(model, base, golden.generation());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"lora", "rslora"})
  void adaptersContinueAsPeftDoes(String name) {
    Golden golden = Golden.adapter("llama", name);
    try (CausalLm model =
            TorchScript.load(golden.checkpoint(), DType.FLOAT32, TestDevice.chosen());
        TrainedWeights weights = model.weights(golden.lora(), golden.adapterState())) {
      check(model, weights, golden.generation());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-tied"})
  void fullyTrainedWeightsContinueAsTheCheckpointDoes(String name) {
    Golden golden = Golden.model(name);
    FullFineTuning full = new FullFineTuning();
    try (CausalLm model =
            TorchScript.load(golden.checkpoint(), DType.FLOAT32, TestDevice.chosen());
        TrainedWeights weights =
            model.weights(full, full.initial(golden.checkpoint(), Seed.of(1)))) {
      check(model, weights, golden.generation());
    }
  }

  private static void check(CausalLm model, TrainedWeights weights, JsonNode recorded) {
    List<int[]> prompts = Golden.tokens(recorded.path("prompts"));
    List<int[]> expected = Golden.tokens(recorded.path("tokens"));
    int newTokens = expected.get(0).length;
    List<int[]> batched = model.generate(weights, prompts, newTokens, List.of());
    for (int i = 0; i < prompts.size(); i++) {
      assertThat(batched.get(i)).as("prompt " + i).containsExactly(expected.get(i));
      assertThat(model.generate(weights, List.of(prompts.get(i)), newTokens, List.of()).get(0))
          .as("prompt %d alone", i)
          .containsExactly(expected.get(i));
    }
    JsonNode withEos = recorded.path("left_padded_with_eos");
    int eos = withEos.path("eos_token_id").asInt();
    List<int[]> stopped = model.generate(weights, prompts, newTokens, List.of(new int[] {eos}));
    List<int[]> padded = new ArrayList<>();
    int longest = 0;
    for (int[] tokens : stopped) {
      longest = Math.max(longest, Math.min(newTokens, tokens.length + 1));
    }
    for (int[] tokens : stopped) {
      // transformers keeps the end and fills up with padding
      int[] row = new int[longest];
      Arrays.fill(row, recorded.path("pad_token_id").asInt());
      System.arraycopy(tokens, 0, row, 0, tokens.length);
      if (tokens.length < newTokens) {
        row[tokens.length] = eos;
      }
      padded.add(row);
    }
    List<int[]> rows = Golden.tokens(withEos.path("tokens"));
    for (int i = 0; i < rows.size(); i++) {
      assertThat(padded.get(i)).containsExactly(rows.get(i));
    }
  }
}
