// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.testing.TrainingConfigs;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TrainingConfigTest {
  private final TrainingConfigs settings = new TrainingConfigs();

  @Test
  void travelsToExecutorsWithItsOptionalParts() throws IOException, ClassNotFoundException {
    settings.clipNorm = Optional.of(1.0);
    settings.schedule =
        new Choice<>(new LinearSchedule.Provider(), new ScheduleConfig(2, Optional.of(100L)));
    TrainingConfig config = settings.make();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(config);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      TrainingConfig there = (TrainingConfig) in.readObject();
      assertThat(there.clipNorm()).hasValue(1.0);
      assertThat(there.clientsPerRound()).isEmpty();
      assertThat(there.optimizer().create()).isEqualTo(config.optimizer().create());
      assertThat(there.schedule().create()).isEqualTo(config.schedule().create());
    }
  }

  @Test
  void refusesACohortsSizeWhereAllClientsTrain() {
    settings.clientsPerRound = Optional.of(3);
    for (Scenario scenario : List.of(Scenario.GLOBAL, Scenario.LOCAL)) {
      settings.scenario = scenario;
      assertThatThrownBy(settings::make)
          .isInstanceOf(ConfigException.class)
          .hasMessage(
              "clients-per-round = 3 is not valid; in the scenario "
                  + scenario.name().toLowerCase(Locale.ROOT)
                  + " every round has all clients; leave it out (on the command line:"
                  + " training.clients-per-round=null)");
    }
  }

  @Test
  void refusesAScheduleThatEndsBeforeTheRun() {
    settings.schedule =
        new Choice<>(new LinearSchedule.Provider(), new ScheduleConfig(0, Optional.of(11L)));
    assertThatThrownBy(settings::make)
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "schedule.total-steps = 11 is not valid; the run takes rounds x local-steps = 12 steps,"
                + " and those after the end would learn nothing; give 12 or more");
  }
}
