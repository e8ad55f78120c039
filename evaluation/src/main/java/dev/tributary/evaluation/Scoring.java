// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.text.InstructionExample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Scores answers that exist already, whoever gave them, by the judge that our own are scored by.
 *
 * <p>An answers file is JSON Lines with {@code id} (the question's, as text or a whole number) and
 * {@code answer} (the text after the prompt; for tasks that ask for an index, a whole number may
 * stand for its text). Several lines of one id are several samples. Other fields are passed over.
 */
public final class Scoring {
  /** What rows call the adapter that gave the answers: it is not known. */
  public static final String ELSEWHERE = "elsewhere";

  private Scoring() {}

  /**
   * Scores the questions that have answers; what the model was asked for elsewhere is not known, so
   * questions without an answer count as not asked, and are told of in the notice, as are answers
   * to questions beyond the task's limit, which are passed over.
   *
   * @param task with the path of its gold file
   * @param answersPath the answers file
   * @throws InputException if a file cannot be read, a line is not an answer, or an id is not of
   *     the gold file: all faults, each with file and line
   */
  public static Scored score(BenchmarkTask task, BenchmarkFiles files, String answersPath) {
    long start = System.nanoTime();
    // Prompts are not used, so any template will do.
    Benchmark benchmark = task.read(new TaskContext(files, InstructionExample::instruction, true));
    Map<String, List<String>> answers = new LinkedHashMap<>();
    for (Question question : benchmark.questions()) {
      answers.put(question.id(), new ArrayList<>());
    }
    String known = benchmark.questions().get(0).id();
    List<String> passedOver = new ArrayList<>();
    JsonLines.read(
        files,
        answersPath,
        line -> {
          String id = line.textOrNumber("id");
          List<String> samples =
              benchmark.beyondLimit().contains(id) ? passedOver : answers.get(id);
          if (samples == null) {
            throw new InputException(
                "no question has the id '"
                    + id
                    + "'; ids of "
                    + task.label()
                    + " look like '"
                    + known
                    + "', and the gold file has "
                    + (benchmark.questions().size() + benchmark.beyondLimit().size()));
          }
          return samples.add(line.textOrNumber("answer"));
        });
    Measured run = new Measured(0, ELSEWHERE, 0);
    List<Callable<AnswerRow>> judging = new ArrayList<>();
    int unanswered = 0;
    for (Question question : benchmark.questions()) {
      List<String> samples = answers.getOrDefault(question.id(), List.of());
      unanswered += samples.isEmpty() ? 1 : 0;
      for (int sample = 0; sample < samples.size(); sample++) {
        int number = sample;
        judging.add(() -> row(run, task, question, number, samples.get(number)));
      }
    }
    List<AnswerRow> rows = Scored.judged(judging);
    List<String> remarks = new ArrayList<>();
    if (unanswered > 0) {
      remarks.add(unanswered + " of " + benchmark.questions().size() + " questions have no answer");
    }
    if (!passedOver.isEmpty()) {
      int all = rows.size() + passedOver.size();
      remarks.add(passedOver.size() + " of " + all + " answers are to questions beyond the limit");
    }
    return Scored.of(run, task, benchmark, rows, remarks, (System.nanoTime() - start) * 1e-9);
  }

  private static AnswerRow row(
      Measured run, BenchmarkTask task, Question question, int sample, String text) {
    // Who answered may not have stopped where our models are stopped.
    String output = question.asked().cut(text);
    Verdict verdict = task.judge(question, output);
    return new AnswerRow(
        run.round(),
        run.adapter(),
        task.label(),
        question.id(),
        sample,
        "",
        output,
        verdict.extracted(),
        question.gold(),
        verdict.score(),
        verdict.notRun(),
        0,
        0,
        0);
  }
}
