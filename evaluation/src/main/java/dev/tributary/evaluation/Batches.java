// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.config.Faults;
import java.io.Serializable;

/**
 * How much is answered at once; for speed and memory only, answers do not depend on it.
 *
 * @param prompts at most so many prompts in a batch, at least 1
 * @param tokens at most so many positions in a batch's key-value cache ({@link
 *     dev.tributary.fl.model.CacheBudget}): the shared beginning once, then for each prompt as many
 *     as the longest has left, and its new tokens; a single prompt may have more. At least 1
 */
public record Batches(int prompts, int tokens) implements Serializable {
  /** 64 prompts, 16384 positions: 0.75 GB of cache for SmolLM2-135M in float32. */
  public static final Batches DEFAULT = new Batches(64, 16_384);

  public Batches {
    new Faults()
        .check(prompts >= 1, "batch", prompts, "give 1 or more, e.g. 32")
        .check(tokens >= 1, "batch-tokens", tokens, "give 1 or more, e.g. 16384")
        .throwIfAny();
  }

  /** So many prompts at once, as {@code --batch} says, with the usual bound on memory. */
  public static Batches of(int prompts) {
    return new Batches(prompts, DEFAULT.tokens());
  }
}
