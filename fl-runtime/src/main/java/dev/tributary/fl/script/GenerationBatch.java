// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.ndarray.types.Shape;
import dev.tributary.fl.model.CacheBudget;
import dev.tributary.fl.model.Sampling;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Prompts that are continued together.
 *
 * @param prompts token ids, at least one each
 * @param shared tokens that all prompts begin with, whole blocks of the caches
 * @param maxNewTokens at most so many per prompt
 * @param stops a prompt is finished once its new tokens end with any of these
 * @param sampling how tokens are chosen
 * @param draws what decides for each prompt, {@code maxNewTokens} numbers in [0, 1); empty where
 *     nothing is drawn
 */
record GenerationBatch(
    List<int[]> prompts,
    int shared,
    int maxNewTokens,
    List<int[]> stops,
    Sampling sampling,
    List<double[]> draws) {
  /**
   * Numbers of rows whose products give a row the same bits.
   *
   * @param multiple what rows are filled up to
   * @param filled rows of prompts that are read at a time
   */
  record Rows(int multiple, int filled) {}

  /** What the caches of one batch may hold, unless a single prompt needs more. */
  private static final long CACHE_BYTES = 1L << 30;

  /**
   * Prompts in batches whose caches fit into memory; a prompt's answer does not depend on the
   * batch.
   *
   * @param bytesPerPosition of keys and values
   */
  static List<GenerationBatch> of(
      List<int[]> prompts,
      int maxNewTokens,
      List<int[]> stops,
      Sampling sampling,
      List<Seed> seeds,
      long bytesPerPosition) {
    if (maxNewTokens < 1) {
      throw new IllegalArgumentException("Ask for at least one new token, not " + maxNewTokens);
    }
    if (stops.stream().anyMatch(stop -> stop.length == 0)) {
      throw new IllegalArgumentException("A stop needs at least one token");
    }
    if (prompts.stream().anyMatch(prompt -> prompt.length == 0)) {
      throw new IllegalArgumentException("A prompt needs at least one token");
    }
    if (sampling.draws() && seeds.size() != prompts.size()) {
      throw new IllegalArgumentException(
          "Drawing for " + prompts.size() + " prompts needs a seed for each, not " + seeds.size());
    }
    List<GenerationBatch> batches = new ArrayList<>();
    int first = 0;
    for (CacheBudget.Batch<int[]> batch :
        new CacheBudget(Integer.MAX_VALUE, CACHE_BYTES / bytesPerPosition, ScriptSource.CACHE_BLOCK)
            .batches(prompts, prompt -> prompt, maxNewTokens)) {
      int end = first + batch.prompts().size();
      List<double[]> draws =
          sampling.draws()
              ? seeds.subList(first, end).stream()
                  .map(seed -> seed.random().doubles(maxNewTokens).toArray())
                  .toList()
              : List.of();
      batches.add(
          new GenerationBatch(
              batch.prompts(), batch.shared(), maxNewTokens, stops, sampling, draws));
      first = end;
    }
    return batches;
  }

  /**
   * Adds the arguments: prompts, their lengths, the shared beginning, new tokens, stops, sampling.
   *
   * @param rows what the device gives the same bits for
   */
  void enter(Arguments call, Rows rows) {
    call.tensor(prompts.stream().flatMapToInt(Arrays::stream).toArray());
    call.numbers(prompts.stream().mapToInt(prompt -> prompt.length).toArray());
    call.numbers(shared).numbers(maxNewTokens).numbers(rows.multiple()).numbers(rows.filled());
    int longest = stops.stream().mapToInt(stop -> stop.length).max().orElse(1);
    // without stops a sequence that no new token matches
    long[] table = new long[Math.max(1, stops.size()) * longest];
    Arrays.fill(table, stops.isEmpty() ? Long.MAX_VALUE : -1);
    for (int s = 0; s < stops.size(); s++) {
      int[] stop = stops.get(s);
      for (int i = 0; i < stop.length; i++) {
        table[(s + 1) * longest - stop.length + i] = stop[i];
      }
    }
    call.tensor(table, new Shape(table.length / longest, longest));
    call.numbers(
        sampling.temperature(), sampling.topK(), sampling.topP(), sampling.repetitionPenalty());
    call.tensor(
        draws.stream().flatMapToDouble(Arrays::stream).toArray(),
        new Shape(draws.size(), draws.isEmpty() ? 0 : maxNewTokens));
  }

  /**
   * @param made {@code maxNewTokens} per prompt, -1 where none was made
   */
  List<int[]> answers(long[] made) {
    List<int[]> answers = new ArrayList<>();
    for (int p = 0; p < prompts.size(); p++) {
      int[] tokens = new int[maxNewTokens];
      int count = 0;
      int end = -1;
      while (end < 0 && count < maxNewTokens && made[p * maxNewTokens + count] >= 0) {
        tokens[count] = (int) made[p * maxNewTokens + count];
        count++;
        end = beginningOfStop(tokens, count);
      }
      answers.add(Arrays.copyOf(tokens, end < 0 ? count : end));
    }
    return answers;
  }

  /** Where the longest stop begins that the tokens end with; -1: they end with none. */
  private int beginningOfStop(int[] tokens, int count) {
    int beginning = -1;
    for (int[] stop : stops) {
      int from = count - stop.length;
      if (from >= 0
          && Arrays.equals(tokens, from, count, stop, 0, stop.length)
          && (beginning < 0 || from < beginning)) {
        beginning = from;
      }
    }
    return beginning;
  }
}
