// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.seed.Seed;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Which examples are left out before any is dealt out; each for one reason, the first that holds.
 * By identity and seed alone, whatever the order of files.
 *
 * @param dropped by their place in the population
 * @param counts by reason
 */
record Selection(BitSet dropped, Map<String, Long> counts) {
  /**
   * @param share of each category that is taken, of what cleaning leaves
   */
  static Selection of(Population population, Cleaning cleaning, double share, Seed seed) {
    Selection selection = new Selection(new BitSet(population.size()), new LinkedHashMap<>());
    if (cleaning.emptyAnswers()) {
      selection.drop("empty-answer", population, population.emptyAnswers()::get);
    }
    if (cleaning.duplicates()) {
      selection.drop("duplicate", population, i -> population.occurrences()[i] > 0);
    }
    if (share < 1) {
      BitSet taken = selection.sample(population, share, seed);
      selection.drop("not-sampled", population, i -> !taken.get(i));
    }
    return selection;
  }

  private void drop(String reason, Population population, IntPredicate unwanted) {
    int before = dropped.cardinality();
    IntStream.range(0, population.size())
        .filter(i -> !dropped.get(i) && unwanted.test(i))
        .forEach(dropped::set);
    int count = dropped.cardinality() - before;
    if (count > 0) {
      counts.put(reason, (long) count);
    }
  }

  /** Of every category the first by their keys, rounded down, but one at least. */
  private BitSet sample(Population population, double share, Seed seed) {
    int[] left = new int[population.categoryNames().size()];
    IntStream.range(0, population.size())
        .filter(i -> !dropped.get(i))
        .forEach(i -> left[population.categories()[i]]++);
    int[] wanted =
        IntStream.of(left).map(n -> n == 0 ? 0 : Math.max(1, (int) (n * share))).toArray();
    BitSet taken = new BitSet(population.size());
    for (int i : population.ordered(population.categories(), population.keys(seed))) {
      if (!dropped.get(i) && wanted[population.categories()[i]]-- > 0) {
        taken.set(i);
      }
    }
    return taken;
  }
}
