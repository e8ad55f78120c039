// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.io.Serializable;
import java.util.List;

/**
 * What became of a chunk's questions.
 *
 * @param answers one for each question, in no meaningful order
 * @param seconds wall time
 */
public record Answers(List<Answer> answers, double seconds) implements Serializable {
  public Answers {
    answers = List.copyOf(answers);
  }
}
