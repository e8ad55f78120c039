// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.util.List;
import java.util.Map;

/** A task that asks questions from a benchmark's published file and judges the answers. */
public non-sealed interface BenchmarkTask extends Task {
  /** Name of the first figure, e.g. {@code accuracy}: the mean of verdicts unless it says else. */
  String metric();

  /**
   * What is told of the verdicts, the first one first.
   *
   * @param samples that every question has at least
   */
  default List<Metric> metrics(int samples) {
    return List.of(Metric.mean(metric()));
  }

  /**
   * Parts of the benchmark that have figures of their own, e.g. subjects.
   *
   * @return by name, which questions (their places); empty for none
   */
  default Map<String, List<Integer>> parts(Benchmark benchmark) {
    return Map.of();
  }

  /** Scores go from 0 (all wrong) to 1 (all right). */
  @Override
  default Better better() {
    return Better.HIGHER;
  }

  /**
   * Reads the questions; on the driver.
   *
   * @throws dev.tributary.fl.config.InputException if the file is not as published: file, line,
   *     what is wrong
   */
  Benchmark read(TaskContext context);

  /**
   * All texts of the benchmark's files, whatever the limit: each question and each answer for
   * itself, as published. Training data that holds a piece of one is contaminated. On the driver.
   *
   * @throws dev.tributary.fl.config.InputException if a file is not as published
   */
  List<String> texts(BenchmarkFiles files);

  /** What must be said with a score that was judged here, e.g. what contained the programs. */
  default List<String> remarks() {
    return List.of();
  }

  /**
   * Judges one answer, the text after the prompt. An unreadable answer is wrong, never an error.
   * Called by several threads at once.
   */
  Verdict judge(Question question, String answer);
}
