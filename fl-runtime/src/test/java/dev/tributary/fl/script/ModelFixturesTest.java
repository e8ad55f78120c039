// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.TestDevice;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Base models against what transformers computed. */
class ModelFixturesTest {
  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-tied", "llama3-rope", "mistral", "smollm2-like"})
  void logitsAndLogProbabilitiesAreThoseOfTransformers(String name) {
    Golden golden = Golden.model(name);
    try (CausalLm model =
            TorchScript.load(golden.checkpoint(), DType.FLOAT32, TestDevice.chosen());
        TrainedWeights base = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      PackedBatch batch = golden.batch();
      Golden.assertClose(
          "logits",
          model.logits(base, batch),
          golden.atTokens(golden.file("forward").floats("logits"), model.config().vocabularySize()),
          golden.tolerance("logits"));
      float[] found = model.logProbabilities(base, batch);
      double[] expected = golden.labelLogProbabilities();
      assertThat(found).hasSize(expected.length);
      for (int i = 0; i < expected.length; i++) {
        assertThat((double) found[i])
            .isCloseTo(expected[i], within(golden.tolerance("label_logprobs")));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-tied", "llama3-rope", "mistral", "smollm2-like"})
  void gradientsOfEveryWeightAreThoseOfTransformers(String name) {
    Golden golden = Golden.model(name);
    FullFineTuning full = new FullFineTuning();
    try (CausalLm model =
            TorchScript.load(golden.checkpoint(), DType.FLOAT32, TestDevice.chosen());
        TrainedWeights weights =
            model.weights(full, full.initial(golden.checkpoint(), Seed.of(1)))) {
      PackedBatch batch = golden.batch();
      double loss = weights.addGradients(batch, 1.0 / batch.labels(), 0) / batch.labels();
      assertThat(loss)
          .isCloseTo(golden.meta().path("loss").asDouble(), within(golden.tolerance("loss")));
      assertThat(batch.labels()).isEqualTo(golden.meta().path("labelled_tokens").asInt());
      NamedTensors gradients = weights.gradients();
      Golden.assertClose(
          gradients, golden.file("gradients").tensors(), golden.tolerance("gradients"));
      double norm = golden.meta().path("gradient_norm").asDouble();
      assertThat(weights.gradientNorm()).isCloseTo(norm, within(1e-5 * norm));
      golden
          .meta()
          .path("gradient_norms")
          .properties()
          .forEach(
              entry ->
                  assertThat(norm(gradients.get(entry.getKey()).values()))
                      .as(entry.getKey())
                      .isCloseTo(entry.getValue().asDouble(), within(1e-4)));
      assertThat(gradients.names()).hasSize(golden.meta().path("gradient_norms").size());
    }
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }
}
