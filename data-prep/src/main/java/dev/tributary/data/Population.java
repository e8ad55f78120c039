// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import java.util.Arrays;
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
 * @param canonical all indices in the order of hash and occurrence, whatever the files' order
 */
record Population(
    long[] highs,
    long[] lows,
    int[] occurrences,
    int[] categories,
    List<String> categoryNames,
    int[] labels,
    List<String> labelNames,
    int[] canonical) {

  /** Puts pieces together, in their order. */
  static Population of(List<Survey> surveys) {
    int size = surveys.stream().mapToInt(Survey::size).reduce(0, Math::addExact);
    long[] highs = new long[size];
    long[] lows = new long[size];
    List<String> categoryNames = names(surveys, Survey::categoryNames);
    List<String> labelNames = names(surveys, Survey::labelNames);
    int[] categories = new int[size];
    int[] labels = new int[size];
    int from = 0;
    for (Survey survey : surveys) {
      System.arraycopy(survey.highs(), 0, highs, from, survey.size());
      System.arraycopy(survey.lows(), 0, lows, from, survey.size());
      recode(survey.categories(), survey.categoryNames(), categoryNames, categories, from);
      recode(survey.labels(), survey.labelNames(), labelNames, labels, from);
      from += survey.size();
    }
    return of(highs, lows, categories, categoryNames, labels, labelNames);
  }

  /** Numbers the occurrences and finds the canonical order. */
  static Population of(
      long[] highs,
      long[] lows,
      int[] categories,
      List<String> categoryNames,
      int[] labels,
      List<String> labelNames) {
    int size = highs.length;
    int[] canonical =
        IntStream.range(0, size)
            .boxed()
            .sorted(
                (a, b) -> {
                  int byHigh = Long.compareUnsigned(highs[a], highs[b]);
                  int byLow = byHigh != 0 ? byHigh : Long.compareUnsigned(lows[a], lows[b]);
                  return byLow != 0 ? byLow : Integer.compare(a, b);
                })
            .mapToInt(i -> i)
            .toArray();
    int[] occurrences = new int[size];
    for (int i = 1; i < size; i++) {
      int before = canonical[i - 1];
      int here = canonical[i];
      if (highs[before] == highs[here] && lows[before] == lows[here]) {
        occurrences[here] = occurrences[before] + 1;
      }
    }
    return new Population(
        highs, lows, occurrences, categories, categoryNames, labels, labelNames, canonical);
  }

  int size() {
    return highs.length;
  }

  /** Examples that are not the first with their mapped fields. */
  long duplicates() {
    return Arrays.stream(occurrences).filter(occurrence -> occurrence > 0).count();
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
