// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Providers;
import dev.tributary.fl.model.OptimizerRule;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class OptimizersTest {
  @Test
  void areChosenByName() {
    assertThat(Providers.of(Optimizer.Provider.class).names())
        .containsExactly("adam", "adamw", "sgd");
  }

  @Test
  void haveTheDefaultsOfTorch() {
    assertThat(defaults(Sgd.class))
        .isEqualTo(
            Map.of(
                "learningRate", "1.0e-3",
                "momentum", "0.0",
                "nesterov", "false",
                "weightDecay", "0.0"));
    assertThat(defaults(Adam.class))
        .isEqualTo(
            Map.of(
                "learningRate", "1.0e-3",
                "betas", "[0.9, 0.999]",
                "epsilon", "1.0e-8",
                "weightDecay", "0.0"));
    assertThat(defaults(AdamW.class))
        .isEqualTo(
            Map.of(
                "learningRate", "1.0e-3",
                "betas", "[0.9, 0.999]",
                "epsilon", "1.0e-8",
                "weightDecay", "0.01"));
  }

  @Test
  void nameTheirArithmetic() {
    assertThat(new Sgd(0.1, 0.9, true, 0.2).rule())
        .isEqualTo(new OptimizerRule.Sgd(0.9, true, 0.2));
    assertThat(new Adam(0.1, List.of(0.8, 0.9), 1e-6, 0.2).rule())
        .isEqualTo(new OptimizerRule.Adam(0.8, 0.9, 1e-6, 0.2));
    assertThat(new AdamW(0.1, List.of(0.8, 0.9), 1e-6, 0.2).rule())
        .isEqualTo(new OptimizerRule.AdamW(0.8, 0.9, 1e-6, 0.2));
  }

  @Test
  void reportAllFaultsAtOnce() {
    assertThatThrownBy(() -> new Sgd(Double.NaN, 1, false, -1))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            """
            learning-rate = NaN is not valid; give a number above 0, e.g. 3.0e-4
            weight-decay = -1.0 is not valid; give 0 (none) or more, e.g. 0.01
            momentum = 1.0 is not valid; give a number in [0, 1), e.g. 0.9""");
    assertThatThrownBy(() -> new Sgd(0.1, 0, true, 0))
        .isInstanceOf(ConfigException.class)
        .hasMessage("nesterov = true is not valid; give momentum above 0, e.g. 0.9");
    assertThatThrownBy(() -> new AdamW(0.1, List.of(0.9), 0, 0))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("betas = [0.9] is not valid")
        .hasMessageContaining("epsilon = 0.0 is not valid");
  }

  private static Map<String, String> defaults(Class<? extends Record> config) {
    return Arrays.stream(config.getRecordComponents())
        .collect(
            Collectors.toMap(
                RecordComponent::getName, c -> c.getAnnotation(Default.class).value()));
  }
}
