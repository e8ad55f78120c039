// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.generation;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.text.EncodedExample;
import dev.tributary.fl.text.StopTokens;
import dev.tributary.fl.text.TextEncoding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Continues texts with a model, and says how likely given continuations are. What is written for a
 * prompt depends on nothing but the prompt, the settings and its seed. Used by one thread.
 */
public final class TextWriter {
  /**
   * What was written.
   *
   * @param text after the prompt, up to the first stop, without the end-of-text
   * @param tokens that the model made for it, without the stop that it ended at
   */
  public record Written(String text, int tokens) {}

  private final CausalLm model;
  private final TrainedWeights weights;
  private final TextEncoding encoding;

  public TextWriter(CausalLm model, TrainedWeights weights, TextEncoding encoding) {
    this.model = model;
    this.weights = weights;
    this.encoding = encoding;
  }

  /**
   * Continues prompts, all in one batch.
   *
   * @param seeds one for each prompt; unused where nothing is drawn
   * @throws InputException if a prompt is empty or leaves no room for the new tokens
   */
  public List<Written> write(List<String> prompts, Writing writing, List<Seed> seeds) {
    List<int[]> encoded = new ArrayList<>();
    for (String prompt : prompts) {
      encoded.add(encoded(prompt, writing.newTokens()));
    }
    List<int[]> stops = StopTokens.of(writing.stops(), model.config().endOfText(), encoding);
    return model
        .generate(weights, encoded, writing.newTokens(), stops, writing.sampling(), seeds)
        .stream()
        .map(
            tokens ->
                new Written(
                    StopTokens.cut(encoding.decode(tokens), writing.stops()), tokens.length))
        .toList();
  }

  /**
   * Log-probability of each token of a continuation, given the prompt and those before it.
   *
   * <p>The continuation's tokens are those that the tokenizer makes of both together, behind those
   * that it makes of the prompt; where it joins the two at the border, of the continuation alone.
   *
   * @return natural logarithms, one per token
   * @throws InputException if either is empty or both are longer than the model takes
   */
  public float[] logProbabilities(String prompt, String continuation) {
    int[] before = encoded(prompt, 0);
    int[] both = encoding.encode(prompt + continuation);
    int[] whole;
    if (both.length > before.length
        && Arrays.equals(both, 0, before.length, before, 0, before.length)) {
      whole = both;
    } else {
      int[] alone = encoding.encodePlain(continuation);
      whole = Arrays.copyOf(before, before.length + alone.length);
      System.arraycopy(alone, 0, whole, before.length, alone.length);
    }
    if (whole.length == before.length) {
      throw new InputException("Cannot score an empty continuation; give a text");
    }
    checkRoom(whole.length, 0);
    EncodedExample example = new EncodedExample("continuation", whole, before.length);
    return model.logProbabilities(
        weights, PackedBatch.of(List.of(example), PackedBatch.Beginning.SHARED));
  }

  private int[] encoded(String prompt, int newTokens) {
    int[] tokens = encoding.encode(prompt);
    if (tokens.length == 0) {
      throw new InputException("Cannot continue an empty prompt; give a text");
    }
    checkRoom(tokens.length, newTokens);
    return tokens;
  }

  private void checkRoom(int tokens, int newTokens) {
    int most = model.config().maxPositions() - weights.virtualTokens();
    if (tokens + newTokens > most) {
      throw new InputException(
          "Cannot continue a prompt of "
              + tokens
              + " tokens by "
              + newTokens
              + ": the model takes "
              + most
              + " in all; shorten the prompt or lower --new-tokens");
    }
  }
}
