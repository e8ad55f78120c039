// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdentityTest {
  private static Identity of(String... overrides) {
    return Identity.of(ExperimentReaderTest.read(ExperimentReaderTest.FILE, overrides));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "training.rounds=40",
        "evaluation.every=1",
        "evaluation={}",
        "output=runs/other",
        "data.output=splits/gsm8k",
        "training.scenario=federated", // the default, written out
      })
  void isNotChangedByWhatTheAdapterDoesNotHangOn(String override) {
    assertThat(of().differences(of(override))).isEmpty();
    assertThat(of().sha256()).isEqualTo(of(override).sha256()).hasSize(64);
  }

  @Test
  void namesEveryDifferentKeyWithBothValues() {
    Identity now = of("training.local-steps=20", "training.clip-norm=1", "adapter.rank=4");

    assertThat(of().differences(now))
        .containsExactly(
            new Identity.Difference("adapter.rank", Optional.of("8"), Optional.of("4")),
            new Identity.Difference("training.clip-norm", Optional.empty(), Optional.of("1.0")),
            new Identity.Difference("training.local-steps", Optional.of("30"), Optional.of("20")));
    assertThat(of().sha256()).isNotEqualTo(now.sha256());
    assertThatThrownBy(() -> of().requireSame(now, "runs/sample"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            """
            Cannot continue the run in runs/sample: it was begun with other settings:
              adapter.rank = 8 there, 4 here
              training.clip-norm = (left out) there, 1.0 here
              training.local-steps = 30 there, 20 here
            give another output, or make these equal""");
  }

  @Test
  void holdsTheNumberOfRoundsWhereTheScheduleEndsWithThem() {
    String linear = "training.schedule=linear";

    assertThatThrownBy(
            () -> of(linear).requireSame(of(linear, "training.rounds=40"), "runs/sample"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "Cannot continue the run in runs/sample: it was begun with other settings:\n"
                + "  training.rounds = 20 there, 40 here\n"
                + "give another output, or make these equal (a schedule that names total-steps"
                + " allows more rounds)");
    String fixed = "training.schedule={name: linear, total-steps: 6000}";
    assertThat(of(fixed).differences(of(fixed, "training.rounds=40"))).isEmpty();
  }
}
