// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import java.io.Serializable;

/**
 * An example as token ids. Positions before {@code promptTokens} carry no label; every later
 * position is a label of itself (the model predicts it from the tokens before).
 *
 * @param id of the {@link InstructionExample}
 * @param tokens prompt and answer, at most max-tokens
 * @param promptTokens length of the prompt tokenised alone, at most {@code tokens.length}
 * @param wholeTokens how many tokens prompt and answer have before any is cut off to fit max-tokens
 */
public record EncodedExample(String id, int[] tokens, int promptTokens, int wholeTokens)
    implements Serializable {
  /** An example that nothing was cut off. */
  public EncodedExample(String id, int[] tokens, int promptTokens) {
    this(id, tokens, promptTokens, tokens.length);
  }

  /** Whether tokens were cut off to fit max-tokens. */
  public boolean cut() {
    return wholeTokens > tokens.length;
  }

  /** Positions that carry a label and have a token before them; 0 if the prompt fills it all. */
  public int labels() {
    return tokens.length - Math.max(promptTokens, 1);
  }
}
