// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.fl.model.CacheBudget.Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CacheBudgetTest {
  /** So many tokens of a beginning, then some that no other prompt has. */
  private static int[] prompt(int number, int beginning, int shared, int own) {
    int[] tokens = new int[shared + own];
    Arrays.fill(tokens, 0, shared, beginning);
    Arrays.fill(tokens, shared, tokens.length, 1000 + number);
    return tokens;
  }

  private static List<int[]> prompts(int count, int shared, int own) {
    return IntStream.range(0, count).mapToObj(i -> prompt(i, 7, shared, own)).toList();
  }

  private static List<Batch<int[]>> batches(CacheBudget budget, List<int[]> prompts, int more) {
    return budget.batches(prompts, prompt -> prompt, more);
  }

  @Test
  void countsTheSharedBeginningOnceAndNewTokensInFull() {
    List<int[]> prompts = prompts(6, 100, 5);
    assertThat(batches(new CacheBudget(64, 100 + 6 * (5 + 20), 1), prompts, 20))
        .containsExactly(new Batch<>(prompts, 100));
    assertThat(batches(new CacheBudget(64, 100 + 6 * (5 + 20) - 1, 1), prompts, 20))
        .containsExactly(
            new Batch<>(prompts.subList(0, 5), 100), new Batch<>(prompts.subList(5, 6), 0));
  }

  @Test
  void countsEachPromptByTheLongestAsTheCacheHasRoomForIt() {
    List<int[]> prompts = List.of(prompt(0, 7, 0, 90), prompt(1, 7, 0, 10), prompt(2, 7, 0, 10));
    assertThat(batches(new CacheBudget(64, 3 * 100, 1), prompts, 10)).hasSize(1);
    assertThat(batches(new CacheBudget(64, 3 * 100 - 1, 1), prompts, 10)).hasSize(2);
  }

  @Test
  void countsWholeBlocks() {
    List<int[]> prompts = prompts(4, 300, 1); // two blocks of 128 shared, 45 tokens left, 10 new
    assertThat(batches(new CacheBudget(64, (2 + 4) * 128, 128), prompts, 10))
        .containsExactly(new Batch<>(prompts, 256));
    assertThat(batches(new CacheBudget(64, (2 + 4) * 128 - 1, 128), prompts, 10)).hasSize(2);
  }

  @Test
  void leavesEachPromptItsLastToken() {
    List<int[]> same = List.of(new int[8], new int[8], new int[5]);
    assertThat(batches(new CacheBudget(64, 1000, 1), same, 1).get(0).shared()).isEqualTo(4);
    assertThat(batches(new CacheBudget(64, 1000, 1), same.subList(0, 1), 1).get(0).shared())
        .isZero();
  }

  @Test
  void endsABatchRatherThanLoseItsBeginning() {
    List<int[]> prompts = new ArrayList<>(prompts(10, 100, 5));
    IntStream.range(0, 10).forEach(i -> prompts.add(prompt(100 + i, 8, 100, 5)));
    assertThat(batches(new CacheBudget(64, 10_000, 1), prompts, 20))
        .extracting(Batch::shared)
        .containsExactly(100, 100);
  }

  @Test
  void everyPromptIsInOneBatchInItsOrderHoweverSmallTheBudget() {
    SplittableRandom random = new SplittableRandom(3);
    List<int[]> prompts =
        IntStream.range(0, 200)
            .mapToObj(i -> prompt(i, 7 + i % 2, random.nextInt(90), 1 + random.nextInt(9)))
            .toList();
    for (int positions : new int[] {1, 100, 1000, 100_000}) {
      List<Batch<int[]>> batches = batches(new CacheBudget(7, positions, 16), prompts, 5);
      assertThat(batches.stream().flatMap(batch -> batch.prompts().stream()))
          .containsExactlyElementsOf(prompts);
      assertThat(batches).allMatch(batch -> batch.prompts().size() <= 7);
    }
  }
}
