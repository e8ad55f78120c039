// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.model.Sampling;
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

  /** Answers to one question. */
  int samples();

  /**
   * Continue the prompt.
   *
   * @param maxNewTokens at most so many, at least 1
   * @param stops texts that end the answer and are not part of it; the model's end-of-text tokens
   *     always do
   * @param samples answers to one question, at least 1
   * @param sampling how the next token is chosen; what is drawn hangs on the question's id and the
   *     number of the sample
   */
  record Continuation(int maxNewTokens, List<String> stops, int samples, Sampling sampling)
      implements Asked {
    public Continuation {
      if (maxNewTokens < 1) {
        throw new IllegalArgumentException(
            "An answer needs room for at least 1 new token, not " + maxNewTokens);
      }
      if (samples < 1) {
        throw new IllegalArgumentException("A question is answered once or more, not " + samples);
      }
      stops = List.copyOf(stops);
    }

    /** Once, always with the likeliest token. */
    public Continuation(int maxNewTokens, List<String> stops) {
      this(maxNewTokens, stops, 1, Sampling.GREEDY);
    }

    /** What a run has measured is found again by this text; see {@link Question#toString}. */
    @Override
    public String toString() {
      boolean plain = samples == 1 && sampling.equals(Sampling.GREEDY);
      return "Continuation[maxNewTokens="
          + maxNewTokens
          + ", stops="
          + stops
          + (plain ? "]" : ", samples=" + samples + ", sampling=" + sampling + "]");
    }

    /** The text up to the first stop. */
    @Override
    public String cut(String text) {
      return StopTokens.cut(text, stops);
    }
  }

  /**
   * Choose among given texts the one that the model finds likeliest behind the prompt. The answer
   * is the chosen one's name.
   *
   * @param names of the choices: a letter, or the index counted from 0
   * @param texts as they follow the prompt, as many as names
   * @param rule what is compared
   * @param unconditional a prompt that says nothing of the question, for {@link Rule#CALIBRATED}
   */
  record Choice(List<String> names, List<String> texts, Rule rule, String unconditional)
      implements Asked {
    /** What is compared, of the natural logarithms of a text's token probabilities. */
    public enum Rule {
      /** Their sum. */
      SUM,
      /** Their mean over the text's tokens. */
      MEAN,
      /** Their sum, less the sum behind the unconditional prompt. */
      CALIBRATED
    }

    public Choice {
      names = List.copyOf(names);
      texts = List.copyOf(texts);
      if (names.size() != texts.size() || names.size() < 2) {
        throw new IllegalArgumentException(
            names.size() + " names and " + texts.size() + " texts: as many are needed, 2 or more");
      }
    }

    @Override
    public int samples() {
      return 1;
    }

    @Override
    public String cut(String text) {
      return text.strip();
    }
  }
}
