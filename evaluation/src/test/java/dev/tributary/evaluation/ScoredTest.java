// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ScoredTest {
  private static final Measured RUN = new Measured(3, Measured.GLOBAL, 0.1);

  /** Right if the answer is the gold one; half right if it begins so. */
  private record Echo() implements BenchmarkTask {
    @Override
    public String label() {
      return "echo";
    }

    @Override
    public String split() {
      return "test";
    }

    @Override
    public String metric() {
      return "accuracy";
    }

    @Override
    public Benchmark read(TaskContext context) {
      return benchmark(10);
    }

    @Override
    public List<String> texts(BenchmarkFiles files) {
      return List.of();
    }

    @Override
    public Verdict judge(Question question, String answer) {
      double score = answer.equals(question.gold()) ? 1 : 0;
      return new Verdict(Optional.of(answer), answer.equals(question.gold() + "?") ? 0.5 : score);
    }
  }

  private static Benchmark benchmark(int questions) {
    return new Benchmark(
        IntStream.range(0, questions)
            .mapToObj(
                i ->
                    new Question(
                        "echo/" + i,
                        List.of(),
                        "say " + i,
                        new Asked.Continuation(5, List.of()),
                        "" + i))
            .toList(),
        Set.of(),
        Optional.of(20L),
        Optional.empty());
  }

  private static Answer says(int place, String output) {
    return new Answer.Given(place, 0, "say " + place, output, 0, 6, 1, 0);
  }

  private static List<Answers> chunks(Answer... answers) {
    List<Answers> chunks = new ArrayList<>();
    for (Answer answer : answers) {
      chunks.add(new Answers(List.of(answer), 0.5));
    }
    Collections.reverse(chunks);
    return chunks;
  }

  @Test
  void rowsStandInTheOrderOfTheQuestionsAndTheScoreHasWilsonsInterval() {
    Scored scored =
        Scored.of(RUN, new Echo(), benchmark(3), chunks(says(0, "0"), says(1, "no"), says(2, "2")));

    assertThat(scored.answers())
        .extracting(AnswerRow::id, AnswerRow::score)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("echo/0", Optional.of(1.0)),
            org.assertj.core.groups.Tuple.tuple("echo/1", Optional.of(0.0)),
            org.assertj.core.groups.Tuple.tuple("echo/2", Optional.of(1.0)));
    Interval wilson = Interval.wilson(2, 3);
    assertThat(scored.figure())
        .isEqualTo(
            new EvaluationRow(
                3,
                "global",
                "echo",
                "test",
                Optional.empty(),
                "accuracy",
                Optional.of(2.0 / 3),
                Optional.of(wilson.low()),
                Optional.of(wilson.high()),
                3,
                0,
                0,
                Optional.of(20L),
                Optional.empty(),
                1.5));
  }

  @Test
  void scoresBetweenRightAndWrongAreBootstrapped() {
    EvaluationRow figure =
        Scored.of(RUN, new Echo(), benchmark(2), chunks(says(0, "0"), says(1, "1?"))).figure();

    assertThat(figure.value()).contains(0.75);
    assertThat(figure.low()).contains(0.5);
    assertThat(figure.high()).contains(1.0);
  }

  @Test
  void aQuestionThatWasNotRunIsNotWrong() {
    Answer[] answers = new Answer[10];
    for (int i = 0; i < 9; i++) {
      answers[i] = says(i, "" + i);
    }
    answers[9] = new Answer.NotRun(9, "device lost");

    Scored scored = Scored.of(RUN, new Echo(), benchmark(10), chunks(answers));

    assertThat(scored.figure().value()).contains(1.0);
    assertThat(scored.figure().instances()).isEqualTo(9);
    assertThat(scored.figure().notRun()).isEqualTo(1);
    assertThat(scored.figure().notice())
        .contains("1 of 10 questions were not run, e.g. echo/9: device lost");
    assertThat(scored.answers().get(9).score()).isEmpty();
    assertThat(scored.answers().get(9).notRun()).contains("device lost");
  }

  @Test
  void aScoreWithTooManyNotRunIsRefused() {
    Chunk lost = Answering.plan(benchmark(2).questions(), 2).get(0);

    EvaluationRow figure =
        Scored.of(RUN, new Echo(), benchmark(2), List.of(lost.notRun("executor lost"))).figure();

    assertThat(figure.value()).isEmpty();
    assertThat(figure.low()).isEmpty();
    assertThat(figure.notice())
        .contains(
            "no score, since more than 0.1 could not be run: 2 of 2 questions were not run,"
                + " e.g. echo/0: executor lost");
  }

  @Test
  void shortenedPromptsAndAnswersAreTold() {
    EvaluationRow figure =
        Scored.of(
                RUN,
                new Echo(),
                benchmark(1),
                chunks(new Answer.Given(0, 0, "say 0", "0", 2, 6, 1, 30)))
            .figure();

    assertThat(figure.notice())
        .contains(
            "1 answers had less room in the model than the new tokens asked for; "
                + "1 prompts went without some demonstrations to fit the model");
  }

  @Test
  void noQuestionIsForgotten() {
    assertThatThrownBy(() -> Scored.of(RUN, new Echo(), benchmark(2), chunks(says(1, "1"))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("Cannot score echo: nobody reports on question echo/0");
  }
}
