// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import java.io.Serializable;

/** How an example is put to the model; stateless, and travels to executors. */
public interface PromptTemplate extends Serializable {
  /** All text in front of the answer. */
  String prompt(InstructionExample example);

  /**
   * The prompt for a question that is not of a corpus, e.g. of a benchmark asked without
   * demonstrations.
   *
   * @param input further context; empty where there is none
   */
  default String prompt(String instruction, String input) {
    return prompt(new InstructionExample("", "", instruction, input, ""));
  }

  /**
   * Whether a prompt has all special tokens in it, spelt out, so that it and what follows is
   * tokenised without the ones that the tokenizer puts around a text ({@link
   * Tokenizer#encodePlain}).
   */
  default boolean spellsOutSpecials() {
    return false;
  }

  /**
   * What decides the prompts: two templates with the same identity put every example in the same
   * words. Tokenised data is kept under it.
   */
  default String identity() {
    return toString();
  }
}
