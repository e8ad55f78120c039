// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.SafetensorsFile;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.testing.SharedData;
import dev.tributary.fl.testing.TestDevice;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Optimisers' steps against torch.optim's, and their state. */
class OptimiserFixturesTest {
  private static final int WIDTH = 7;

  static Stream<String> cases() {
    return Golden.json(SharedData.path("fixtures/optimisers/optimisers.json"))
        .path("cases")
        .properties()
        .stream()
        .map(Map.Entry::getKey);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void stepsAreThoseOfTorchOptim(String name) {
    JsonNode recorded =
        Golden.json(SharedData.path("fixtures/optimisers/optimisers.json"))
            .path("cases")
            .path(name);
    OptimizerRule rule = rule(recorded.path("class").asText(), recorded.path("kwargs"));
    SafetensorsFile file =
        SafetensorsFile.open(SharedData.path("fixtures/optimisers/optimisers.safetensors"));
    float[] gradients = file.floats("gradients");
    float[] expected = file.floats(name + ".float32");
    TrainedWeights weights = TorchScript.tensors(tensor(file.floats("start")), TestDevice.chosen());
    try {
      for (int step = 0; step < gradients.length / WIDTH; step++) {
        weights.addToGradients(1, tensor(row(gradients, step)));
        if (recorded.path("clip").isNumber()) {
          double norm = weights.gradientNorm();
          weights.scaleGradients(Math.min(1, recorded.path("clip").asDouble() / (norm + 1e-6)));
        }
        weights.update(rule, recorded.path("learning_rates").get(step).asDouble(), step + 1);
        Golden.assertClose(
            name + " step " + (step + 1),
            weights.state().get("p").values(),
            row(expected, step),
            1e-6);
        assertThat(weights.gradientNorm()).isZero();
        if (step == 9) {
          // as a client does that goes on in the next round
          NamedTensors state = weights.optimizerState();
          NamedTensors values = weights.state();
          weights.close();
          weights = TorchScript.tensors(values, TestDevice.chosen());
          weights.restoreOptimizerState(state);
          assertThat(weights.optimizerState().names()).isEqualTo(state.names());
        }
      }
    } finally {
      weights.close();
    }
  }

  @Test
  void stateHasTorchsNamesAndIsRefusedByAnotherRule() {
    try (TrainedWeights weights =
        TorchScript.tensors(tensor(new float[WIDTH]), TestDevice.chosen())) {
      assertThat(weights.optimizerState().names()).isEmpty();
      weights.addToGradients(1, tensor(new float[] {1, 2, 3, 4, 5, 6, 7}));
      weights.update(new OptimizerRule.AdamW(0.9, 0.999, 1e-8, 0), 0.1, 1);
      assertThat(weights.optimizerState().names()).containsExactly("p.exp_avg", "p.exp_avg_sq");
      assertThatThrownBy(() -> weights.update(new OptimizerRule.Sgd(0.9, false, 0), 0.1, 2))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("[exp_avg, exp_avg_sq]")
          .hasMessageContaining("momentum_buffer");
      weights.restoreOptimizerState(new NamedTensors(Map.of()));
      weights.update(new OptimizerRule.Sgd(0.9, false, 0), 0.1, 1);
      assertThat(weights.optimizerState().names()).containsExactly("p.momentum_buffer");
      assertThatThrownBy(
              () ->
                  weights.restoreOptimizerState(
                      new NamedTensors(
                          Map.of("q", new NamedTensors.Tensor(List.of(), new float[1])))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no optimiser's state of [p]: [q]");
    }
  }

  @Test
  void proximalTermIsExactlyZeroWhereNothingMoved() {
    NamedTensors start = tensor(new float[] {0.1f, -3, 1e-8f, 7, 0, 1e8f, 2});
    try (TrainedWeights weights = TorchScript.tensors(start, TestDevice.chosen())) {
      NamedTensors gradient = tensor(new float[] {1e-6f, 1, 2, 3, 4, 5, 6});
      weights.addToGradients(1, gradient);
      weights.addDifferenceToGradients(0.37, start);
      assertThat(weights.gradients().get("p").values()).containsExactly(gradient.get("p").values());
      weights.addDifferenceToGradients(0.5, tensor(new float[] {0.1f, -5, 1e-8f, 7, 0, 1e8f, 2}));
      assertThat(weights.gradients().get("p").values()[1]).isEqualTo(2);
      weights.scaleGradients(3);
      assertThat(weights.gradients().get("p").values()[1]).isEqualTo(6);
      weights.clearGradients();
      assertThat(weights.gradientNorm()).isZero();
    }
  }

  private static NamedTensors tensor(float[] values) {
    return new NamedTensors(
        Map.of("p", new NamedTensors.Tensor(List.of((long) values.length), values)));
  }

  private static float[] row(float[] matrix, int row) {
    return Arrays.copyOfRange(matrix, row * WIDTH, (row + 1) * WIDTH);
  }

  private static OptimizerRule rule(String type, JsonNode arguments) {
    double decay = arguments.path("weight_decay").asDouble(type.equals("AdamW") ? 0.01 : 0);
    if (type.equals("SGD")) {
      return new OptimizerRule.Sgd(
          arguments.path("momentum").asDouble(0),
          arguments.path("nesterov").asBoolean(false),
          decay);
    }
    double beta1 = arguments.path("betas").path(0).asDouble(0.9);
    double beta2 = arguments.path("betas").path(1).asDouble(0.999);
    double epsilon = arguments.path("eps").asDouble(1e-8);
    return type.equals("AdamW")
        ? new OptimizerRule.AdamW(beta1, beta2, epsilon, decay)
        : new OptimizerRule.Adam(beta1, beta2, epsilon, decay);
  }
}
