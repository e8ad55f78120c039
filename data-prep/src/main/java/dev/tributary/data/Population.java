// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.seed.Seed;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * All examples of a corpus as the driver sees them, in the order of the files: identity, category
 * and label.
 *
 * @param highs first half of the hashes
 * @param lows second half of the hashes
 * @param occurrences how many examples with the same hash come before
 * @param categories by {@code categoryNames}
 * @param categoryNames in alphabetical order
 * @param labels by {@code labelNames}
 * @param labelNames in alphabetical order
 * @param blemishes which have it, of each
 * @param canonical all indices in the order of hash and occurrence, whatever the files' order
 * @param places where each is among all examples of the files
 */
record Population(
    long[] highs,
    long[] lows,
    int[] occurrences,
    int[] categories,
    List<String> categoryNames,
    int[] labels,
    List<String> labelNames,
    Map<Blemish, BitSet> blemishes,
    int[] canonical,
    int[] places) {

  /** Puts pieces together, in their order. */
  static Population of(List<Survey> surveys) {
    int size = surveys.stream().mapToInt(Survey::size).reduce(0, Math::addExact);
    long[] highs = new long[size];
    long[] lows = new long[size];
    long[] rests = new long[size];
    List<String> categoryNames = names(surveys, Survey::categoryNames);
    List<String> labelNames = names(surveys, Survey::labelNames);
    int[] categories = new int[size];
    int[] labels = new int[size];
    Map<Blemish, BitSet> blemishes = new EnumMap<>(Blemish.class);
    int from = 0;
    for (Survey survey : surveys) {
      int first = from;
      for (Blemish blemish : Blemish.values()) {
        BitSet all = blemishes.computeIfAbsent(blemish, b -> new BitSet(size));
        survey.having(blemish).stream().forEach(i -> all.set(first + i));
      }
      System.arraycopy(survey.highs(), 0, highs, from, survey.size());
      System.arraycopy(survey.lows(), 0, lows, from, survey.size());
      System.arraycopy(survey.rests(), 0, rests, from, survey.size());
      recode(survey.categories(), survey.categoryNames(), categoryNames, categories, from);
      recode(survey.labels(), survey.labelNames(), labelNames, labels, from);
      from += survey.size();
    }
    // Examples with the same mapped fields are told apart by what else is kept of them, so that
    // their numbers do not hang on the order of the files.
    int[] canonical =
        Order.by(
            highs,
            (a, b) -> {
              int byLow = Long.compareUnsigned(lows[a], lows[b]);
              int byRest = byLow != 0 ? byLow : Long.compare(rests[a], rests[b]);
              return byRest != 0 ? byRest : Integer.compare(a, b);
            });
    int[] occurrences = new int[size];
    for (int i = 1; i < size; i++) {
      int before = canonical[i - 1];
      int here = canonical[i];
      if (highs[before] == highs[here] && lows[before] == lows[here]) {
        occurrences[here] = occurrences[before] + 1;
      }
    }
    return new Population(
        highs,
        lows,
        occurrences,
        categories,
        categoryNames,
        labels,
        labelNames,
        blemishes,
        canonical,
        IntStream.range(0, size).toArray());
  }

  /**
   * Of examples whose identities are known.
   *
   * @param surveys pieces of them, in any order
   * @param occurrences of all, in the order of the pieces
   */
  static Population of(List<Survey> surveys, int[] occurrences) {
    Population population = of(surveys);
    long[] highs = population.highs();
    long[] lows = population.lows();
    int[] canonical =
        Order.by(
            highs,
            (a, b) -> {
              int byLow = Long.compareUnsigned(lows[a], lows[b]);
              return byLow != 0 ? byLow : Integer.compare(occurrences[a], occurrences[b]);
            });
    return new Population(
        highs,
        lows,
        occurrences,
        population.categories(),
        population.categoryNames(),
        population.labels(),
        population.labelNames(),
        population.blemishes(),
        canonical,
        population.places());
  }

  /**
   * Without some of the examples. Identities stay what they are, and so do the names of categories
   * and labels, but for labels that nobody is left of.
   */
  Population without(BitSet dropped) {
    if (dropped.isEmpty()) {
      return this;
    }
    int[] kept = IntStream.range(0, size()).filter(i -> !dropped.get(i)).toArray();
    int[] now = new int[size()];
    for (int i = 0; i < kept.length; i++) {
      now[kept[i]] = i;
    }
    Map<Blemish, BitSet> left = new EnumMap<>(Blemish.class);
    blemishes.forEach(
        (blemish, having) -> {
          BitSet those = new BitSet(kept.length);
          having.stream().filter(i -> !dropped.get(i)).forEach(i -> those.set(now[i]));
          left.put(blemish, those);
        });
    int[] keptLabels = of(labels, kept);
    int[] names = IntStream.of(keptLabels).distinct().sorted().toArray();
    int[] codes = new int[labelNames.size()];
    for (int i = 0; i < names.length; i++) {
      codes[names[i]] = i;
    }
    return new Population(
        of(highs, kept),
        of(lows, kept),
        of(occurrences, kept),
        of(categories, kept),
        categoryNames,
        IntStream.of(keptLabels).map(label -> codes[label]).toArray(),
        IntStream.of(names).mapToObj(labelNames::get).toList(),
        left,
        IntStream.of(canonical).filter(i -> !dropped.get(i)).map(i -> now[i]).toArray(),
        of(places, kept));
  }

  private static int[] of(int[] values, int[] kept) {
    return IntStream.of(kept).map(i -> values[i]).toArray();
  }

  private static long[] of(long[] values, int[] kept) {
    return IntStream.of(kept).mapToLong(i -> values[i]).toArray();
  }

  /** Whether two examples have the same mapped fields. */
  boolean areAlike(int one, int other) {
    return highs[one] == highs[other] && lows[one] == lows[other];
  }

  /**
   * A pseudo-random number for each example, by its identity and the seed alone. Where two agree,
   * the canonical order decides.
   */
  long[] keys(Seed seed) {
    long first = seed.child(0).value();
    long second = seed.child(1).value();
    long[] keys = new long[size()];
    for (int i = 0; i < keys.length; i++) {
      long low = Words.mixed(lows[i] + second + occurrences[i]);
      keys[i] = Words.mixed((highs[i] ^ first) + low);
    }
    return keys;
  }

  /** All examples by a group, then by key; where even keys agree, in canonical order. */
  int[] ordered(int[] groups, long[] keys) {
    int[] ranks = ranks();
    long[] unsigned = new long[keys.length];
    for (int i = 0; i < unsigned.length; i++) {
      unsigned[i] = keys[i] ^ Long.MIN_VALUE;
    }
    return Order.grouped(Order.by(unsigned, (a, b) -> Integer.compare(ranks[a], ranks[b])), groups);
  }

  /** Where each example is in the canonical order. */
  int[] ranks() {
    int[] ranks = new int[size()];
    for (int i = 0; i < ranks.length; i++) {
      ranks[canonical[i]] = i;
    }
    return ranks;
  }

  /** Those that have a blemish. */
  BitSet having(Blemish blemish) {
    return blemishes.getOrDefault(blemish, new BitSet());
  }

  int size() {
    return highs.length;
  }

  /** Examples that are not the first with their mapped fields. */
  long duplicates() {
    return IntStream.range(1, canonical.length)
        .filter(i -> areAlike(canonical[i - 1], canonical[i]))
        .count();
  }

  int[] labelCounts() {
    int[] counts = new int[labelNames.size()];
    for (int label : labels) {
      counts[label]++;
    }
    return counts;
  }

  private static List<String> names(List<Survey> surveys, Function<Survey, List<String>> ofSurvey) {
    TreeSet<String> names = new TreeSet<>();
    surveys.forEach(survey -> names.addAll(ofSurvey.apply(survey)));
    return List.copyOf(names);
  }

  private static void recode(
      int[] codes, List<String> names, List<String> allNames, int[] into, int from) {
    Map<String, Integer> all = new HashMap<>();
    for (int i = 0; i < allNames.size(); i++) {
      all.put(allNames.get(i), i);
    }
    int[] translated = names.stream().mapToInt(all::get).toArray();
    for (int i = 0; i < codes.length; i++) {
      into[from + i] = translated[codes[i]];
    }
  }
}
