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
  private static final List<EvaluationRow> FIGURES =
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
              0.5));
  private static final List<AnswerRow> ANSWERS =
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
              1));

  @TempDir private Path directory;
  private Evaluations evaluations;

  @BeforeEach
  void open() {
    evaluations = new Evaluations(store());
  }

  @Test
  void rememberWhatWasMeasured() {
    assertThat(evaluations.find(RUN, loss(8), "")).isEmpty();
    put(loss(8), "");
    for (Evaluations opened : List.of(evaluations, new Evaluations(store()))) {
      Evaluations.Noted noted = opened.find(RUN, loss(8), "").orElseThrow();
      assertThat(noted.figures()).isEqualTo(FIGURES);
      assertThat(opened.answers(noted)).isEqualTo(ANSWERS);
      assertThat(opened.after(3)).containsExactly(noted);
      assertThat(opened.after(2)).isEmpty();
    }
  }

  @Test
  void takeATaskWithOtherSettingsOrQuestionsForAnotherOne() {
    put(loss(8), "");
    assertThat(evaluations.find(RUN, loss(9), "")).isEmpty();
    assertThat(evaluations.find(RUN, loss(8), "another file")).isEmpty();
    assertThat(evaluations.find(new Measured(4, Measured.GLOBAL, 0.01), loss(8), "")).isEmpty();
    assertThat(evaluations.find(new Measured(3, "client=1", 0.01), loss(8), "")).isEmpty();

    put(loss(8), "another file");
    assertThat(new Evaluations(store()).after(3)).hasSize(2);
  }

  @Test
  void measureAgainWhatIsDamaged() throws IOException {
    put(loss(8), "");
    try (Stream<Path> files = Files.list(directory.resolve("evaluations"))) {
      Path file = files.findFirst().orElseThrow();
      Files.writeString(file, Files.readString(file).substring(0, 40));
    }
    assertThat(new Evaluations(store()).find(RUN, loss(8), "")).isEmpty();
  }

  private void put(Choice<Task> task, String questions) {
    evaluations.put(RUN, task, questions, FIGURES, ANSWERS);
  }

  private LocalStore store() {
    return new LocalStore(directory);
  }

  private static Choice<Task> loss(int batchSize) {
    return new Choice<>(new Loss.Provider(), new Loss.Config("validation", batchSize, "loss"));
  }
}
