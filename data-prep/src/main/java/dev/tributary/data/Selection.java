// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.seed.Seed;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Which examples are left out before any is dealt out; each for one reason, the first that holds.
 * By identity and seed alone, whatever the order of files.
 *
 * @param dropped by their place in the population
 * @param counts by reason
 */
record Selection(BitSet dropped, Map<String, Long> counts) {
  /** The reason of those that a share of the corpus leaves out. */
  static final String NOT_SAMPLED = "not-sampled";

  /**
   * @param nearDuplicates finds them among those that are not dropped yet; asked only if wanted
   * @param share of each category that is taken, of what cleaning leaves
   */
  static Selection of(
      Population population,
      Cleaning cleaning,
      UnaryOperator<BitSet> nearDuplicates,
      double share,
      Seed seed) {
    Selection selection = new Selection(new BitSet(population.size()), new LinkedHashMap<>());
    if (cleaning.emptyAnswers()) {
      selection.drop(Blemish.EMPTY_ANSWER, population);
    }
    if (cleaning.overLong()) {
      selection.drop(Blemish.OVER_LONG, population);
    }
    if (cleaning.contaminated()) {
      selection.drop(Blemish.CONTAMINATED, population);
    }
    if (cleaning.duplicates()) {
      selection.dropDuplicates(population);
    }
    if (cleaning.nearDuplicates().isPresent()) {
      selection.drop("near-duplicate", nearDuplicates.apply((BitSet) selection.dropped.clone()));
    }
    if (share < 1) {
      BitSet left = selection.sample(population, share, seed);
      left.flip(0, population.size());
      selection.drop(NOT_SAMPLED, left);
    }
    return selection;
  }

  private void drop(Blemish blemish, Population population) {
    drop(blemish.label(), population.having(blemish));
  }

  /** All but the first that is left, of those alike. */
  private void dropDuplicates(Population population) {
    BitSet unwanted = new BitSet(population.size());
    int before = -1;
    for (int i : population.canonical()) {
      if (!dropped.get(i)) {
        if (before >= 0 && population.areAlike(before, i)) {
          unwanted.set(i);
        }
        before = i;
      }
    }
    drop("duplicate", unwanted);
  }

  private void drop(String reason, BitSet unwanted) {
    int before = dropped.cardinality();
    dropped.or(unwanted);
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
