// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import java.util.Arrays;
import java.util.function.IntBinaryOperator;
import java.util.stream.IntStream;

/** Sorts places by keys, millions of them without an object for each. */
final class Order {
  /** The low bits of a packed number hold the place, the others the key's first bits. */
  private static final long PLACE = (1L << 31) - 1;

  private Order() {}

  /**
   * The places 0 to n - 1 in the order of their keys.
   *
   * @param keys compared as numbers without a sign
   * @param ties compares two places whose keys agree
   */
  static int[] by(long[] keys, IntBinaryOperator ties) {
    long[] packed = new long[keys.length];
    for (int i = 0; i < packed.length; i++) {
      packed[i] = ((keys[i] & ~PLACE) | i) ^ Long.MIN_VALUE;
    }
    Arrays.parallelSort(packed);
    int[] order = new int[packed.length];
    int from = 0;
    for (int i = 0; i < packed.length; i++) {
      order[i] = (int) (packed[i] & PLACE);
      boolean last = i + 1 == packed.length || (packed[i] & ~PLACE) != (packed[i + 1] & ~PLACE);
      if (last) {
        if (i > from) {
          sort(order, from, i + 1, keys, ties);
        }
        from = i + 1;
      }
    }
    return order;
  }

  /** Places whose keys begin alike: few, but for examples that are the same. */
  private static void sort(int[] order, int from, int to, long[] keys, IntBinaryOperator ties) {
    int[] sorted =
        IntStream.range(from, to)
            .map(i -> order[i])
            .boxed()
            .sorted(
                (a, b) -> {
                  int byKey = Long.compareUnsigned(keys[a], keys[b]);
                  return byKey != 0 ? byKey : ties.applyAsInt(a, b);
                })
            .mapToInt(i -> i)
            .toArray();
    System.arraycopy(sorted, 0, order, from, sorted.length);
  }

  /**
   * The same places group by group; within one they keep their order.
   *
   * @param groups by place, 0 or more
   */
  static int[] grouped(int[] order, int[] groups) {
    int most = 0;
    for (int place : order) {
      most = Math.max(most, groups[place]);
    }
    int[] next = new int[most + 2];
    for (int place : order) {
      next[groups[place] + 1]++;
    }
    Arrays.parallelPrefix(next, Integer::sum);
    int[] grouped = new int[order.length];
    for (int place : order) {
      grouped[next[groups[place]]++] = place;
    }
    return grouped;
  }
}
