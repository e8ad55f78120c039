// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.testing.SharedData;
import dev.tributary.fl.testing.TestDevice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What tiny models may be too small to show. */
class SmolLm2Test {
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "BFLOAT16"})
  void tokensDoNotDependOnTheBatch(DType dtype) {
    try (CausalLm model =
            TorchScript.load(Checkpoint.open(SharedData.smolLm2()), dtype, TestDevice.chosen());
        TrainedWeights base = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      SplittableRandom random = new SplittableRandom(1);
      int[] beginning = random.ints(140, 100, 49_000).toArray();
      List<int[]> prompts = new ArrayList<>();
      for (int own : new int[] {7, 31, 2, 18, 40}) {
        int[] prompt = Arrays.copyOf(beginning, 140 + own);
        for (int i = 140; i < prompt.length; i++) {
          prompt[i] = random.nextInt(100, 49_000);
        }
        prompts.add(prompt);
      }
      List<int[]> together = model.generate(base, prompts, 24, List.of());
      List<int[]> alone = new ArrayList<>();
      for (int[] prompt : prompts) {
        alone.addAll(model.generate(base, List.of(prompt), 24, List.of()));
      }
      assertThat(together).containsExactlyElementsOf(alone);
    }
  }
}
