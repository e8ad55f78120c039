// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.evaluation.task.Loss;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EvaluationConfigTest {
  private static Choice<Task> loss(String split) {
    return new Choice<>(new Loss.Provider(), new Loss.Config(split, 8, "loss"));
  }

  private static List<Integer> due(int every) {
    EvaluationConfig config = new EvaluationConfig(every, List.of(), 0.01, 0);
    return IntStream.rangeClosed(0, 7).filter(round -> config.due(round, 7)).boxed().toList();
  }

  @Test
  void theFirstAndTheLastRoundAreAlwaysEvaluated() {
    assertThat(due(0)).containsExactly(0, 7);
    assertThat(due(3)).containsExactly(0, 3, 6, 7);
  }

  @Test
  void oneTaskMayStandOnSeveralSplitsButNotTwiceOnOne() {
    assertThat(new EvaluationConfig(0, List.of(loss("validation"), loss("test")), 0.01, 0).tasks())
        .hasSize(2);
    assertThatThrownBy(
            () -> new EvaluationConfig(-1, List.of(loss("test"), loss("test")), Double.NaN, 0))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll(
            "every = -1 is not valid",
            "max-not-run = NaN is not valid",
            "tasks = loss on test is not valid; it stands there twice");
  }
}
