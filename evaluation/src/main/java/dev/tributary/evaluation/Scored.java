// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A benchmark's scores and the judged answers behind them.
 *
 * @param figures the scores and how far they can be trusted; the task's first metric over all
 *     questions first, then its other metrics, then its parts
 * @param answers in the order of the questions, samples of one question together
 */
public record Scored(List<EvaluationRow> figures, List<AnswerRow> answers) {
  private static final int NO_SAMPLE = -1;

  public Scored {
    figures = List.copyOf(figures);
    answers = List.copyOf(answers);
  }

  /** The first. */
  public EvaluationRow figure() {
    return figures.get(0);
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
    List<SortedMap<Integer, Answer>> bySample = new ArrayList<>();
    questions.forEach(question -> bySample.add(new TreeMap<>()));
    double seconds = 0;
    for (Answers chunk : chunks) {
      seconds += chunk.seconds();
      for (Answer answer : chunk.answers()) {
        int sample = answer instanceof Answer.Given given ? given.sample() : NO_SAMPLE;
        bySample.get(answer.place()).put(sample, answer);
      }
    }
    List<Callable<AnswerRow>> judging = new ArrayList<>();
    int lacking = 0;
    for (int place = 0; place < questions.size(); place++) {
      Question question = questions.get(place);
      if (bySample.get(place).isEmpty()) {
        throw new IllegalStateException(
            "Cannot score " + task.label() + ": nobody reports on question " + question.id());
      }
      for (Answer answer : bySample.get(place).values()) {
        judging.add(() -> row(run, task, question, answer));
        lacking += answer instanceof Answer.Given given && given.lackingTokens() > 0 ? 1 : 0;
      }
    }
    List<String> notices = new ArrayList<>();
    if (lacking > 0) {
      notices.add(lacking + " answers had less room in the model than the new tokens asked for");
    }
    return of(run, task, benchmark, judged(judging), notices, seconds);
  }

  /** Some at a time: programs that models wrote take seconds each. */
  static List<AnswerRow> judged(List<Callable<AnswerRow>> judging) {
    ExecutorService threads =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    try {
      List<AnswerRow> rows = new ArrayList<>();
      for (Future<AnswerRow> row : threads.invokeAll(judging)) {
        rows.add(row.get());
      }
      return rows;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while judging answers", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      threads.shutdownNow();
    }
  }

  private static AnswerRow row(Measured run, BenchmarkTask task, Question question, Answer answer) {
    if (answer instanceof Answer.Given given) {
      Verdict verdict = task.judge(question, given.output());
      return new AnswerRow(
          run.round(),
          run.adapter(),
          task.label(),
          question.id(),
          given.sample(),
          given.prompt(),
          given.output(),
          verdict.extracted(),
          question.gold(),
          verdict.score(),
          verdict.notRun(),
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
   * The scores of judged answers: for each metric the mean over questions. Its interval is Wilson's
   * where each question is right or wrong, else a bootstrap over questions.
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
    List<EvaluationRow> figures = new ArrayList<>();
    List<String> notices = new ArrayList<>();
    benchmark.notice().ifPresent(notices::add);
    notices.addAll(remarks);
    notices.addAll(task.remarks());
    long shortened = rows.stream().filter(row -> row.droppedDemonstrations() > 0).count();
    if (shortened > 0) {
      notices.add(shortened + " prompts went without some demonstrations to fit the model");
    }
    Tally all = Tally.of(rows);
    List<Metric> metrics = task.metrics(all.samples());
    for (Metric metric : metrics) {
      figures.add(
          figure(
              run,
              task,
              task.label(),
              metric,
              all,
              benchmark.publishedInstances(),
              notices,
              seconds));
    }
    Metric first = metrics.get(0);
    task.parts(benchmark)
        .forEach(
            (name, places) -> {
              Set<String> ids = new HashSet<>();
              places.forEach(place -> ids.add(benchmark.questions().get(place).id()));
              Tally part = Tally.of(rows.stream().filter(row -> ids.contains(row.id())).toList());
              if (part.asked() > 0) {
                figures.add(
                    figure(
                        run,
                        task,
                        task.label() + "/" + name,
                        first,
                        part,
                        Optional.empty(),
                        List.of(),
                        0));
              }
            });
    return new Scored(figures, rows);
  }

  /**
   * Answers by question.
   *
   * @param scores of the questions that have all their samples
   * @param notRun one answer of each of the others
   */
  private record Tally(List<List<Double>> scores, List<AnswerRow> notRun) {
    static Tally of(List<AnswerRow> rows) {
      Map<String, List<Double>> scores = new LinkedHashMap<>();
      Map<String, AnswerRow> notRun = new LinkedHashMap<>();
      for (AnswerRow row : rows) {
        if (row.score().isPresent()) {
          scores.computeIfAbsent(row.id(), id -> new ArrayList<>()).add(row.score().get());
        } else {
          notRun.putIfAbsent(row.id(), row);
        }
      }
      scores.keySet().removeAll(notRun.keySet());
      return new Tally(List.copyOf(scores.values()), List.copyOf(notRun.values()));
    }

    /** Those that every question has; 1 where there is none. */
    int samples() {
      return scores.stream().mapToInt(List::size).min().orElse(1);
    }

    int asked() {
      return scores.size() + notRun.size();
    }
  }

  private static EvaluationRow figure(
      Measured run,
      BenchmarkTask task,
      String label,
      Metric metric,
      Tally tally,
      Optional<Long> publishedInstances,
      List<String> remarks,
      double seconds) {
    double[] scores = tally.scores().stream().mapToDouble(metric.ofQuestion()).toArray();
    List<AnswerRow> notRun = tally.notRun();
    List<String> notices = new ArrayList<>(remarks);
    boolean enough = run.enough(notRun.size(), tally.asked());
    if (!notRun.isEmpty()) {
      AnswerRow example = notRun.get(0);
      notices.add(
          (enough ? "" : "no score, since more than " + run.maxNotRun() + " could not be run: ")
              + notRun.size()
              + " of "
              + tally.asked()
              + " questions were not run, e.g. "
              + example.id()
              + ": "
              + example.notRun().orElse(""));
    }
    boolean given = enough && scores.length > 0;
    Optional<Interval> interval = given ? Optional.of(interval(scores)) : Optional.empty();
    return new EvaluationRow(
        run.round(),
        run.adapter(),
        label,
        task.split(),
        Optional.empty(),
        metric.name(),
        given ? Optional.of(Arrays.stream(scores).sum() / scores.length) : Optional.empty(),
        interval.map(Interval::low),
        interval.map(Interval::high),
        scores.length,
        notRun.size(),
        0,
        publishedInstances,
        notices.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", notices)),
        seconds);
  }

  private static Interval interval(double[] scores) {
    if (Arrays.stream(scores).allMatch(s -> s == 0 || s == 1)) {
      return Interval.wilson((int) Arrays.stream(scores).sum(), scores.length);
    }
    return Interval.bootstrap(scores, Seed.of(0).child("score-interval"));
  }
}
