// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * ROUGE (Lin 2004, <a href="https://aclanthology.org/W04-1013/">ROUGE: A Package for Automatic
 * Evaluation of Summaries</a>), F-measure with stemming, as Google's {@code rouge-score} computes
 * it: words are runs of a to z and digits in lower case, those of more than three letters stemmed.
 */
final class Rouge {
  private static final int UNSTEMMED_LETTERS = 3;

  private Rouge() {}

  /**
   * ROUGE-N.
   *
   * @param n words in a row, 1 or more
   */
  static double ofGrams(int n, String reference, String summary) {
    Map<List<String>, Integer> wanted = grams(n, words(reference));
    Map<List<String>, Integer> given = grams(n, words(summary));
    int both = 0;
    for (Map.Entry<List<String>, Integer> gram : wanted.entrySet()) {
      both += Math.min(gram.getValue(), given.getOrDefault(gram.getKey(), 0));
    }
    return harmonic(both, total(wanted), total(given));
  }

  /** ROUGE-L: by the longest common subsequence of words. */
  static double ofLongest(String reference, String summary) {
    List<String> wanted = words(reference);
    List<String> given = words(summary);
    int[] row = new int[given.size() + 1];
    for (String word : wanted) {
      int diagonal = 0;
      for (int g = 1; g <= given.size(); g++) {
        int above = row[g];
        row[g] = word.equals(given.get(g - 1)) ? diagonal + 1 : Math.max(above, row[g - 1]);
        diagonal = above;
      }
    }
    return harmonic(row[given.size()], wanted.size(), given.size());
  }

  private static double harmonic(int both, int wanted, int given) {
    if (both == 0) {
      return 0;
    }
    double precision = (double) both / given;
    double recall = (double) both / wanted;
    return 2 * precision * recall / (precision + recall);
  }

  private static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    for (String word : text.toLowerCase(Locale.ROOT).split("[^a-z0-9]+", -1)) {
      if (!word.isEmpty()) {
        words.add(word.length() > UNSTEMMED_LETTERS ? PorterStemmer.stem(word) : word);
      }
    }
    return words;
  }

  private static Map<List<String>, Integer> grams(int n, List<String> words) {
    Map<List<String>, Integer> counts = new HashMap<>();
    for (int at = 0; at + n <= words.size(); at++) {
      counts.merge(words.subList(at, at + n), 1, Integer::sum);
    }
    return counts;
  }

  private static int total(Map<List<String>, Integer> counts) {
    return counts.values().stream().mapToInt(Integer::intValue).sum();
  }
}
