// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.fl.model.Sampling;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** How HELM has articles summarised. */
final class Articles {
  static final Sampling SAMPLING = new Sampling(0.3, 0, 1, 1);
  static final List<String> STOPS = List.of("###");
  private static final int MOST_WORDS = 512;
  private static final Pattern BLANKS = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

  private Articles() {}

  /**
   * @param length e.g. {@code 3 sentences}
   */
  static Format format(String length) {
    return new Format("", "###\nArticle: ", "\nSummarize the above article in " + length + ".\n");
  }

  /** In one line, cut after 512 words, as HELM does with articles. */
  static String cleaned(String article) {
    return firstWords(MOST_WORDS, article);
  }

  /** The first so many words; blanks are all that Unicode has, as in Python. */
  static String firstWords(int most, String text) {
    return BLANKS
        .splitAsStream(text)
        .filter(word -> !word.isEmpty())
        .limit(most)
        .collect(Collectors.joining(" "));
  }
}
