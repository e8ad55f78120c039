// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.text.StopTokens;
import java.io.Serializable;
import java.util.List;

/**
 * What a model is asked to do with a prompt. A closed set, since each is work of its own for
 * executors; tasks of any kind are put together from them.
 */
public sealed interface Asked extends Serializable {
  /** The part of a text after the prompt that is the answer; for answers made elsewhere too. */
  String cut(String text);

  /**
   * Continue the prompt greedily.
   *
   * @param maxNewTokens at most so many, at least 1
   * @param stops texts that end the answer and are not part of it; the model's end-of-text tokens
   *     always do
   */
  record Continuation(int maxNewTokens, List<String> stops) implements Asked {
    public Continuation {
      if (maxNewTokens < 1) {
        throw new IllegalArgumentException(
            "An answer needs room for at least 1 new token, not " + maxNewTokens);
      }
      stops = List.copyOf(stops);
    }

    /** The text up to the first stop. */
    @Override
    public String cut(String text) {
      return StopTokens.cut(text, stops);
    }
  }
}
