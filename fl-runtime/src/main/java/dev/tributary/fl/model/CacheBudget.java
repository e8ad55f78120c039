// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * How large the key-value cache of prompts that are continued together may become. It holds what
 * all of them begin with once, and for each prompt as many positions as the one that needs most.
 *
 * @param prompts at most so many together, at least 1
 * @param positions at most so many in the cache, unless a single prompt needs more
 * @param block positions come in multiples of it, at least 1
 */
public record CacheBudget(int prompts, long positions, int block) {
  /**
   * Prompts that are continued together.
   *
   * @param shared tokens that all begin with, whole blocks, short of each prompt's last token; 0
   *     where there is one prompt
   */
  public record Batch<P>(List<P> prompts, int shared) {
    public Batch {
      prompts = List.copyOf(prompts);
    }
  }

  /**
   * Deals prompts out to batches, in their order. A batch also ends where the next prompt would
   * have so little in common with it that more were computed together than apart.
   *
   * @param tokens a prompt's token ids, at least one
   * @param newTokens room for each prompt's continuation
   */
  public <P> List<Batch<P>> batches(List<P> all, Function<P, int[]> tokens, int newTokens) {
    List<Batch<P>> batches = new ArrayList<>();
    Filling<P> filling = new Filling<>();
    for (P prompt : all) {
      int[] ids = tokens.apply(prompt);
      if (!filling.prompts.isEmpty() && !fits(filling, ids, newTokens)) {
        batches.add(filling.batch(block));
        filling = new Filling<>();
      }
      filling.add(prompt, ids);
    }
    if (!filling.prompts.isEmpty()) {
      batches.add(filling.batch(block));
    }
    return batches;
  }

  private boolean fits(Filling<?> filling, int[] next, int newTokens) {
    int count = filling.prompts.size();
    int common = filling.commonWith(next);
    int shared = common / block * block;
    long own = Math.max(filling.longest, next.length) - shared + (long) newTokens;
    long needed = shared + (count + 1) * ((own + block - 1) / block * block);
    long lost = (long) (filling.common - common) * (count - 1);
    long computed = filling.tokens - (long) filling.common * (count - 1);
    return count < prompts && needed <= positions && lost <= computed;
  }

  /** A batch that is being put together. */
  private static final class Filling<P> {
    private final List<P> prompts = new ArrayList<>();
    private int[] first = {};
    private int common;
    private int longest;
    private long tokens;

    void add(P prompt, int[] ids) {
      if (prompts.isEmpty()) {
        first = ids;
        common = ids.length;
      }
      common = commonWith(ids);
      longest = Math.max(longest, ids.length);
      tokens += ids.length;
      prompts.add(prompt);
    }

    /** Each prompt keeps its last token for itself. */
    int commonWith(int[] next) {
      int most = Math.min(common, next.length - 1);
      int differ = Arrays.mismatch(first, 0, most, next, 0, most);
      return differ < 0 ? most : differ;
    }

    Batch<P> batch(int block) {
      return new Batch<>(prompts, prompts.size() == 1 ? 0 : common / block * block);
    }
  }
}
