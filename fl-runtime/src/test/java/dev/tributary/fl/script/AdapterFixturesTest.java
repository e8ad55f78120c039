// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.testing.TestDevice;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Low-rank adapters against what PEFT computed. */
class AdapterFixturesTest {
  @ParameterizedTest
  @ValueSource(strings = {"lora", "rslora"})
  void outputsAndGradientsAreThoseOfPeft(String name) {
    Golden golden = Golden.adapter("llama", name);
    try (CausalLm model =
            TorchScript.load(golden.checkpoint(), DType.FLOAT32, TestDevice.chosen());
        TrainedWeights weights = model.weights(golden.lora(), golden.adapterState())) {
      PackedBatch batch = golden.batch();
      Golden.assertClose(
          "logits",
          model.logits(weights, batch),
          golden.atTokens(golden.file("forward").floats("logits"), model.config().vocabularySize()),
          golden.tolerance("logits"));
      double[] expected = golden.labelLogProbabilities();
      float[] found = model.logProbabilities(weights, batch);
      for (int i = 0; i < expected.length; i++) {
        assertThat((double) found[i])
            .isCloseTo(expected[i], within(golden.tolerance("label_logprobs")));
      }
      double loss = weights.addGradients(batch, 1.0 / batch.labels(), 0) / batch.labels();
      assertThat(loss)
          .isCloseTo(golden.meta().path("loss").asDouble(), within(golden.tolerance("loss")));
      Golden.assertClose(
          weights.gradients(),
          Golden.withoutPrefix(golden.file("gradients")),
          golden.tolerance("gradients"));
    }
  }

  @ParameterizedTest
  @CsvSource({"lora, adamw", "lora, sgd", "rslora, adamw", "rslora, sgd"})
  void threeStepsEndWherePeftsEnd(String name, String optimizer) {
    Golden golden = Golden.adapter("llama", name);
    JsonNode training = golden.meta().path("training").path(optimizer);
    JsonNode options = training.path("options");
    OptimizerRule rule =
        optimizer.equals("sgd")
            ? new OptimizerRule.Sgd(0, false, 0)
            : new OptimizerRule.AdamW(
                options.path("betas").get(0).asDouble(),
                options.path("betas").get(1).asDouble(),
                options.path("eps").asDouble(),
                options.path("weight_decay").asDouble());
    double lossTolerance = golden.tolerance(optimizer + "_losses");
    try (CausalLm model =
            TorchScript.load(golden.checkpoint(), DType.FLOAT32, TestDevice.chosen());
        TrainedWeights weights = model.weights(golden.lora(), golden.adapterState())) {
      PackedBatch batch = golden.batch();
      for (int step = 1; step <= options.path("steps").asInt(); step++) {
        double loss = weights.addGradients(batch, 1.0 / batch.labels(), 0) / batch.labels();
        assertThat(loss)
            .isCloseTo(training.path("losses").get(step - 1).asDouble(), within(lossTolerance));
        double norm = weights.gradientNorm();
        assertThat(norm)
            .isCloseTo(
                training.path("gradient_norms_before_clipping").get(step - 1).asDouble(),
                within(1e-4 * norm));
        if (options.path("clip").isNumber()) {
          weights.scaleGradients(Math.min(1, options.path("clip").asDouble() / (norm + 1e-6)));
        }
        weights.update(rule, options.path("lr").asDouble(), step);
      }
      Golden.assertClose(
          weights.state(),
          Golden.withoutPrefix(golden.file(optimizer)),
          golden.tolerance(optimizer));
      float[] last = model.logProbabilities(weights, batch);
      double loss = 0;
      for (float logProbability : last) {
        loss -= logProbability;
      }
      assertThat(loss / last.length)
          .isCloseTo(training.path("losses").get(3).asDouble(), within(lossTolerance));
    }
  }
}
