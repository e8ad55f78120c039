// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.io.Serializable;
import java.util.List;

/**
 * One question of a benchmark. Travels to executors.
 *
 * @param id as answers files name it: the benchmark's own, or {@code TASK/RECORD}
 * @param demonstrations texts in front of the prompt, most dispensable last; a prompt that is too
 *     long for the model goes without the last ones
 * @param prompt the question itself, up to where the answer begins
 * @param asked what the model shall do with it
 * @param gold the right answer, as the judge compares it
 */
public record Question(
    String id, List<String> demonstrations, String prompt, Asked asked, String gold)
    implements Serializable {
  public Question {
    demonstrations = List.copyOf(demonstrations);
  }

  /** All text in front of the answer, with the first {@code shots} demonstrations. */
  public String text(int shots) {
    return String.join("", demonstrations.subList(0, shots)) + prompt;
  }
}
