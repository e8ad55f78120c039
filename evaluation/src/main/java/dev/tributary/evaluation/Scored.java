// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A benchmark's score and the judged answers behind it.
 *
 * @param figure the score and how far it can be trusted
 * @param answers in the order of the questions, samples of one question together
 */
public record Scored(EvaluationRow figure, List<AnswerRow> answers) {
  public Scored {
    answers = List.copyOf(answers);
  }

  /**
   * Judges the answers that executors gave; on the driver.
   *
   * @param chunks results for all chunks of the plan, in any order
   * @throws IllegalStateException if questions are left that nobody answered or gave up
   */
  public static Scored of(
      Measured run, BenchmarkTask task, Benchmark benchmark, List<Answers> chunks) {
    List<Question> questions = benchmark.questions();
    Answer[] byPlace = new Answer[questions.size()];
    double seconds = 0;
    for (Answers chunk : chunks) {
      seconds += chunk.seconds();
      for (Answer answer : chunk.answers()) {
        byPlace[answer.place()] = answer;
      }
    }
    List<AnswerRow> rows = new ArrayList<>();
    int lacking = 0;
    for (int place = 0; place < byPlace.length; place++) {
      Answer answer = byPlace[place];
      Question question = questions.get(place);
      if (answer == null) {
        throw new IllegalStateException(
            "Cannot score " + task.label() + ": nobody reports on question " + question.id());
      }
      rows.add(row(run, task, question, answer));
      lacking += answer instanceof Answer.Given given && given.lackingTokens() > 0 ? 1 : 0;
    }
    List<String> notices = new ArrayList<>();
    if (lacking > 0) {
      notices.add(lacking + " answers had less room in the model than the new tokens asked for");
    }
    return of(run, task, benchmark, rows, notices, seconds);
  }

  private static AnswerRow row(Measured run, BenchmarkTask task, Question question, Answer answer) {
    if (answer instanceof Answer.Given given) {
      Verdict verdict = task.judge(question, given.output());
      return new AnswerRow(
          run.round(),
          run.adapter(),
          task.label(),
          question.id(),
          0,
          given.prompt(),
          given.output(),
          verdict.extracted(),
          question.gold(),
          Optional.of(verdict.score()),
          Optional.empty(),
          given.droppedDemonstrations(),
          given.promptTokens(),
          given.newTokens());
    }
    return new AnswerRow(
        run.round(),
        run.adapter(),
        task.label(),
        question.id(),
        0,
        question.text(question.demonstrations().size()),
        "",
        Optional.empty(),
        question.gold(),
        Optional.empty(),
        Optional.of(((Answer.NotRun) answer).reason()),
        0,
        0,
        0);
  }

  /**
   * The score of judged answers: the mean over questions of the mean over a question's samples. Its
   * interval is Wilson's where each question is right or wrong, else a bootstrap over questions.
   *
   * @param rows samples of one question together
   * @param remarks for the notice, beside what the rows themselves tell
   */
  static Scored of(
      Measured run,
      BenchmarkTask task,
      Benchmark benchmark,
      List<AnswerRow> rows,
      List<String> remarks,
      double seconds) {
    Map<String, List<Double>> samples = new LinkedHashMap<>();
    List<AnswerRow> notRun = new ArrayList<>();
    int shortened = 0;
    for (AnswerRow row : rows) {
      shortened += row.droppedDemonstrations() > 0 ? 1 : 0;
      if (row.score().isPresent()) {
        samples.computeIfAbsent(row.id(), id -> new ArrayList<>()).add(row.score().get());
      } else {
        notRun.add(row);
      }
    }
    double[] scores =
        samples.values().stream()
            .mapToDouble(s -> s.stream().mapToDouble(Double::doubleValue).sum() / s.size())
            .toArray();
    List<String> notices = new ArrayList<>();
    benchmark.notice().ifPresent(notices::add);
    notices.addAll(remarks);
    if (shortened > 0) {
      notices.add(shortened + " prompts went without some demonstrations to fit the model");
    }
    int asked = scores.length + notRun.size();
    boolean enough = run.enough(notRun.size(), asked);
    if (!notRun.isEmpty()) {
      AnswerRow example = notRun.get(0);
      notices.add(
          (enough ? "" : "no score, since more than " + run.maxNotRun() + " could not be run: ")
              + notRun.size()
              + " of "
              + asked
              + " questions were not run, e.g. "
              + example.id()
              + ": "
              + example.notRun().orElse(""));
    }
    boolean given = enough && scores.length > 0;
    Optional<Interval> interval = given ? Optional.of(interval(scores)) : Optional.empty();
    EvaluationRow figure =
        new EvaluationRow(
            run.round(),
            run.adapter(),
            task.label(),
            task.split(),
            Optional.empty(),
            task.metric(),
            given ? Optional.of(Arrays.stream(scores).sum() / scores.length) : Optional.empty(),
            interval.map(Interval::low),
            interval.map(Interval::high),
            scores.length,
            notRun.size(),
            0,
            benchmark.publishedInstances(),
            notices.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", notices)),
            seconds);
    return new Scored(figure, rows);
  }

  private static Interval interval(double[] scores) {
    if (Arrays.stream(scores).allMatch(s -> s == 0 || s == 1)) {
      return Interval.wilson((int) Arrays.stream(scores).sum(), scores.length);
    }
    return Interval.bootstrap(scores, Seed.of(0).child("score-interval"));
  }
}
