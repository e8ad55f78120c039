// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.io.Serializable;
import java.util.List;

/**
 * Some of a benchmark's questions, for one task of a job. Travels to executors.
 *
 * @param questions in no meaningful order
 */
public record Chunk(List<Placed> questions) implements Serializable {
  public Chunk {
    questions = List.copyOf(questions);
  }

  /**
   * A question and its place.
   *
   * @param place in {@link Benchmark#questions()}
   */
  public record Placed(int place, Question question) implements Serializable {}

  /** For a chunk that was lost with its machine: no question of it is answered. */
  public Answers notRun(String reason) {
    return new Answers(
        questions.stream().<Answer>map(q -> new Answer.NotRun(q.place(), reason)).toList(), 0);
  }
}
