// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** HELM's measures of a written answer against right ones ({@code basic_metrics.py} there). */
enum Matches {
  /** Equal but for blanks around. */
  EXACT("exact_match"),
  /** Equal in lower case, without punctuation, articles and superfluous blanks. */
  QUASI_EXACT("quasi_exact_match"),
  /** Harmonic mean of precision and recall over the sets of normalised words. */
  F1("f1_score"),
  /** Pairs of words in common: {@link Rouge}. */
  ROUGE_2("rouge_2");

  private final String metric;

  Matches(String metric) {
    this.metric = metric;
  }

  String metric() {
    return metric;
  }

  /** Against the right answer that it is nearest to. */
  double score(List<String> golds, String answer) {
    if (answer.isBlank()) {
      return 0;
    }
    return golds.stream().mapToDouble(gold -> score(gold, answer)).max().orElse(0);
  }

  private double score(String gold, String answer) {
    return switch (this) {
      case EXACT -> gold.strip().equals(answer.strip()) ? 1 : 0;
      case QUASI_EXACT -> normal(gold).equals(normal(answer)) ? 1 : 0;
      case F1 -> overlap(gold, answer);
      case ROUGE_2 -> Rouge.ofGrams(2, gold, answer);
    };
  }

  private static String normal(String text) {
    String plain = text.toLowerCase(Locale.ROOT).replaceAll("[!-/:-@\\[-`{-~]", "");
    return plain.replaceAll("\\b(a|an|the)\\b", " ").strip().replaceAll("\\s+", " ");
  }

  private static double overlap(String gold, String answer) {
    Set<String> wanted = words(gold);
    Set<String> given = words(answer);
    Set<String> both = new HashSet<>(wanted);
    both.retainAll(given);
    return both.isEmpty() ? 0 : 2.0 * both.size() / (wanted.size() + given.size());
  }

  private static Set<String> words(String text) {
    Set<String> words = new HashSet<>(Arrays.asList(normal(text).split(" ", -1)));
    words.remove("");
    return words;
  }
}
