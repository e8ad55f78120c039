// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.Providers;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchedulesTest {
  @ParameterizedTest
  @CsvSource({
    "constant, constant, 0",
    "constant_with_warmup, constant, 5",
    "linear, linear, 5",
    "cosine, cosine, 5"
  })
  void areThoseOfTransformers(String kind, String name, int warmupSteps) throws IOException {
    JsonNode recorded =
        new ObjectMapper().readTree(SharedData.path("fixtures/optimisers/schedules.json").toFile());
    Schedule schedule = schedule(name, new ScheduleConfig(warmupSteps, Optional.empty()));
    JsonNode rates = recorded.get("learning_rates").get(kind);
    assertThat(rates).hasSize(21);
    for (int step = 0; step < rates.size(); step++) {
      assertThat(recorded.get("base_lr").asDouble() * schedule.factor(step, 20))
          .as("step %d", step)
          .isCloseTo(rates.get(step).asDouble(), within(1e-18));
    }
  }

  @Test
  void cosineStaysAtZeroBeyondItsEnd() {
    Schedule cosine = schedule("cosine", new ScheduleConfig(5, Optional.of(20L)));
    assertThat(cosine.totalSteps()).hasValue(20);
    assertThat(cosine.factor(20, 20)).isZero();
    assertThat(cosine.factor(30, 20)).isZero();
  }

  @Test
  void onlyConstantHasNoEnd() {
    ScheduleConfig plain = new ScheduleConfig(0, Optional.empty());
    assertThat(schedule("constant", plain).endless()).isTrue();
    assertThat(schedule("linear", plain).endless()).isFalse();
    assertThat(schedule("cosine", plain).endless()).isFalse();
  }

  @Test
  void refuseAnEndWithinTheWarmUp() {
    assertThatThrownBy(() -> new ScheduleConfig(5, Optional.of(5L)))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "total-steps = 5 is not valid; give more than warmup-steps, or leave it out for rounds"
                + " x local-steps");
  }

  @Test
  void areChosenByName() {
    assertThat(Providers.of(Schedule.Provider.class).names())
        .containsExactly("constant", "cosine", "linear");
  }

  private static Schedule schedule(String name, ScheduleConfig config) {
    return switch (name) {
      case "constant" -> new ConstantSchedule(config);
      case "linear" -> new LinearSchedule(config);
      case "cosine" -> new CosineSchedule(config);
      default -> throw new IllegalArgumentException(name);
    };
  }
}
