// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How often each size occurs: lengths of examples in tokens, or sizes of clients in examples.
 *
 * @param counts by size, 0 or more
 */
record Distribution(SortedMap<Long, Long> counts) {
  /**
   * Sizes that lie side by side.
   *
   * @param to inclusive
   */
  record Bin(long from, long to, long count) {}

  static Distribution of(Map<? extends Number, Long> counts) {
    SortedMap<Long, Long> sorted = new TreeMap<>();
    counts.forEach((size, count) -> sorted.merge(size.longValue(), count, Long::sum));
    return new Distribution(sorted);
  }

  Distribution plus(Distribution other) {
    SortedMap<Long, Long> both = new TreeMap<>(counts);
    other.counts.forEach((size, count) -> both.merge(size, count, Long::sum));
    return new Distribution(both);
  }

  long total() {
    return sum(counts);
  }

  /** How many are larger. */
  long above(long size) {
    return sum(counts.tailMap(size + 1));
  }

  /** The largest; 0 if there is none. */
  long max() {
    return counts.isEmpty() ? 0 : counts.lastKey();
  }

  /**
   * The smallest size that so many are not larger than; 0 if there is none.
   *
   * @param percent 0 to 100
   */
  long quantile(int percent) {
    long wanted = (total() * percent + 99) / 100;
    long seen = 0;
    for (Map.Entry<Long, Long> entry : counts.entrySet()) {
      seen += entry.getValue();
      if (seen >= wanted) {
        return entry.getKey();
      }
    }
    return 0;
  }

  /** Bins 1 to width, width + 1 to 2 width ... up to the largest, empty ones too; 0 counts as 1. */
  List<Bin> bins(long width) {
    Map<Long, Long> filled = new TreeMap<>();
    counts.forEach((size, count) -> filled.merge(bin(size, width), count, Long::sum));
    List<Bin> bins = new ArrayList<>();
    for (long i = 0; !counts.isEmpty() && i <= bin(max(), width); i++) {
      bins.add(new Bin(i * width + 1, (i + 1) * width, filled.getOrDefault(i, 0L)));
    }
    return bins;
  }

  private static long bin(long size, long width) {
    return Math.max(0, size - 1) / width;
  }

  private static long sum(SortedMap<Long, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }
}
