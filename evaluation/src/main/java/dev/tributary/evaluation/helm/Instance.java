// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import java.util.List;

/**
 * One instance of a scenario.
 *
 * @param id as answers files name it
 * @param input as it stands in the prompt, without what the format puts around it
 * @param golds right answers, at least one; the first is shown in demonstrations
 * @param choices texts to choose from; empty where the answer is written
 */
record Instance(String id, String input, List<String> golds, List<String> choices) {
  Instance {
    golds = List.copyOf(golds);
    choices = List.copyOf(choices);
  }

  /** One whose answer is written. */
  Instance(String id, String input, List<String> golds) {
    this(id, input, golds, List.of());
  }
}
