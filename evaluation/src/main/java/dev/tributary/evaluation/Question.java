// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.text.PromptTemplate;
import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One question of a benchmark. Travels to executors.
 *
 * @param id as answers files name it: the benchmark's own, or {@code TASK/RECORD}
 * @param demonstrations texts in front of the prompt, most dispensable last; a prompt that is too
 *     long for the model goes without the last ones
 * @param prompt the question itself, up to where the answer begins
 * @param asked what the model shall do with it
 * @param gold the right answer, as the judge compares it
 * @param details what the judge needs besides, by name, e.g. a program's tests
 * @param specials whether the tokenizer shall put its special tokens around the text
 */
public record Question(
    String id,
    List<String> demonstrations,
    String prompt,
    Asked asked,
    String gold,
    Map<String, String> details,
    Specials specials)
    implements Serializable {
  /** Who writes the special tokens of a text. */
  public enum Specials {
    /** The tokenizer, as around any text. */
    ADDED,
    /** The text itself has all of them, as {@link PromptTemplate#spellsOutSpecials()} says. */
    SPELT_OUT
  }

  public Question {
    demonstrations = List.copyOf(demonstrations);
    details = Collections.unmodifiableMap(new TreeMap<>(details)); // one order in any process
  }

  /** A question whose text has no special tokens. */
  public Question(String id, List<String> demonstrations, String prompt, Asked asked, String gold) {
    this(id, demonstrations, prompt, asked, gold, Map.of(), Specials.ADDED);
  }

  /** A question whose judge needs more than one right text. */
  public Question(
      String id,
      List<String> demonstrations,
      String prompt,
      Asked asked,
      String gold,
      Map<String, String> details) {
    this(id, demonstrations, prompt, asked, gold, details, Specials.ADDED);
  }

  /** All text in front of the answer, with the first {@code shots} demonstrations. */
  public String text(int shots) {
    return String.join("", demonstrations.subList(0, shots)) + prompt;
  }

  /**
   * All values. What a run has measured is found again by a hash of this text, which is of the time
   * before there were details and prompts with special tokens: without them it stays as it was.
   */
  @Override
  public String toString() {
    return "Question[id="
        + id
        + ", demonstrations="
        + demonstrations
        + ", prompt="
        + prompt
        + ", asked="
        + asked
        + ", gold="
        + gold
        + (details.isEmpty() ? "" : ", details=" + details)
        + (specials == Specials.ADDED ? "]" : ", specials=" + specials + "]");
  }
}
