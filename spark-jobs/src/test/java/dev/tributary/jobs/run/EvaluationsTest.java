// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.Task;
import dev.tributary.evaluation.task.Loss;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.ledger.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationsTest {
  private static final Measured RUN = new Measured(3, Measured.GLOBAL, 0.01);
  private static final Evaluations.Rows ROWS =
      new Evaluations.Rows(
          List.of(
              new EvaluationRow(
                  3,
                  "global",
                  "loss",
                  "validation",
                  Optional.empty(),
                  "loss_per_token",
                  Optional.of(1.5),
                  Optional.empty(),
                  Optional.empty(),
                  7,
                  0,
                  0,
                  Optional.empty(),
                  Optional.empty(),
                  0.5)),
          List.of(
              new AnswerRow(
                  3,
                  "global",
                  "gsm8k",
                  "gsm8k/0",
                  0,
                  "Q\n# answers\n",
                  "A",
                  Optional.of("4"),
                  "4",
                  Optional.of(1.0),
                  Optional.empty(),
                  0,
                  1,
                  1)));

  @TempDir private Path directory;
  private Evaluations evaluations;

  @BeforeEach
  void open() {
    evaluations = new Evaluations(new LocalStore(directory));
  }

  @Test
  void rememberWhatWasMeasured() {
    assertThat(evaluations.find(RUN, loss(8))).isEmpty();
    evaluations.put(RUN, loss(8), ROWS);
    assertThat(evaluations.find(RUN, loss(8))).contains(ROWS);
  }

  @Test
  void takeATaskWithOtherSettingsForAnotherOne() {
    evaluations.put(RUN, loss(8), ROWS);
    assertThat(evaluations.find(RUN, loss(9))).isEmpty();
    assertThat(evaluations.find(new Measured(4, Measured.GLOBAL, 0.01), loss(8))).isEmpty();
    assertThat(evaluations.find(new Measured(3, "client=1", 0.01), loss(8))).isEmpty();
  }

  @Test
  void measureAgainWhatIsDamaged() throws IOException {
    evaluations.put(RUN, loss(8), ROWS);
    try (Stream<Path> files = Files.list(directory.resolve("evaluations"))) {
      Path file = files.findFirst().orElseThrow();
      Files.writeString(file, Files.readString(file).substring(0, 40));
    }
    assertThat(evaluations.find(RUN, loss(8))).isEmpty();
  }

  private static Choice<Task> loss(int batchSize) {
    return new Choice<>(new Loss.Provider(), new Loss.Config("validation", batchSize, "loss"));
  }
}
