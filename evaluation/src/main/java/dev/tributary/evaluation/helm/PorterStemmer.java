// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Porter 1980, "An algorithm for suffix stripping", with the changes that NLTK makes to it by
 * default (its mode {@code NLTK_EXTENSIONS}), which the reference implementation of ROUGE stems
 * with. Libraries for Java have the algorithm without these changes, which gives other scores.
 */
final class PorterStemmer {
  private static final Map<String, String> IRREGULAR =
      Map.ofEntries(
          Map.entry("skies", "sky"),
          Map.entry("sky", "sky"),
          Map.entry("dying", "die"),
          Map.entry("lying", "lie"),
          Map.entry("tying", "tie"),
          Map.entry("news", "news"),
          Map.entry("innings", "inning"),
          Map.entry("inning", "inning"),
          Map.entry("outings", "outing"),
          Map.entry("outing", "outing"),
          Map.entry("cannings", "canning"),
          Map.entry("canning", "canning"),
          Map.entry("howe", "howe"),
          Map.entry("proceed", "proceed"),
          Map.entry("exceed", "exceed"),
          Map.entry("succeed", "succeed"));

  /**
   * A suffix and what comes in its place.
   *
   * @param condition of the stem before the suffix
   */
  private record Rule(String suffix, String replacement, Predicate<String> condition) {
    static Rule measured(String suffix, String replacement) {
      return new Rule(suffix, replacement, stem -> measure(stem) > 0);
    }

    static Rule longer(String suffix) {
      return new Rule(suffix, "", stem -> measure(stem) > 1);
    }
  }

  private static final List<Rule> STEP_2 =
      List.of(
          Rule.measured("ational", "ate"),
          Rule.measured("tional", "tion"),
          Rule.measured("enci", "ence"),
          Rule.measured("anci", "ance"),
          Rule.measured("izer", "ize"),
          Rule.measured("bli", "ble"),
          Rule.measured("alli", "al"),
          Rule.measured("entli", "ent"),
          Rule.measured("eli", "e"),
          Rule.measured("ousli", "ous"),
          Rule.measured("ization", "ize"),
          Rule.measured("ation", "ate"),
          Rule.measured("ator", "ate"),
          Rule.measured("alism", "al"),
          Rule.measured("iveness", "ive"),
          Rule.measured("fulness", "ful"),
          Rule.measured("ousness", "ous"),
          Rule.measured("aliti", "al"),
          Rule.measured("iviti", "ive"),
          Rule.measured("biliti", "ble"),
          Rule.measured("fulli", "ful"),
          new Rule("logi", "log", stem -> measure(stem + "l") > 0));

  private static final List<Rule> STEP_3 =
      List.of(
          Rule.measured("icate", "ic"),
          Rule.measured("ative", ""),
          Rule.measured("alize", "al"),
          Rule.measured("iciti", "ic"),
          Rule.measured("ical", "ic"),
          Rule.measured("ful", ""),
          Rule.measured("ness", ""));

  private static final List<Rule> STEP_4 =
      List.of(
          Rule.longer("al"),
          Rule.longer("ance"),
          Rule.longer("ence"),
          Rule.longer("er"),
          Rule.longer("ic"),
          Rule.longer("able"),
          Rule.longer("ible"),
          Rule.longer("ant"),
          Rule.longer("ement"),
          Rule.longer("ment"),
          Rule.longer("ent"),
          new Rule(
              "ion", "", stem -> measure(stem) > 1 && (stem.endsWith("s") || stem.endsWith("t"))),
          Rule.longer("ou"),
          Rule.longer("ism"),
          Rule.longer("ate"),
          Rule.longer("iti"),
          Rule.longer("ous"),
          Rule.longer("ive"),
          Rule.longer("ize"));

  private PorterStemmer() {}

  /**
   * A word's stem.
   *
   * @param word in lower case
   */
  static String stem(String word) {
    String irregular = IRREGULAR.get(word);
    if (irregular != null) {
      return irregular;
    }
    if (word.length() <= 2) {
      return word;
    }
    String stem = step1c(step1b(step1a(word)));
    return step5b(step5a(first(STEP_4, first(STEP_3, step2(stem)))));
  }

  private static String step1a(String word) {
    if (word.endsWith("ies") && word.length() == 4) {
      return cut(word, 3) + "ie";
    }
    if (word.endsWith("sses") || word.endsWith("ies")) {
      return cut(word, 2);
    }
    return word.endsWith("ss") || !word.endsWith("s") ? word : cut(word, 1);
  }

  private static String step1b(String word) {
    if (word.endsWith("ied")) {
      return cut(word, 3) + (word.length() == 4 ? "ie" : "i");
    }
    if (word.endsWith("eed")) {
      return measure(cut(word, 3)) > 0 ? cut(word, 1) : word;
    }
    String stem;
    if (word.endsWith("ed") && hasVowel(cut(word, 2))) {
      stem = cut(word, 2);
    } else if (word.endsWith("ing") && hasVowel(cut(word, 3))) {
      stem = cut(word, 3);
    } else {
      return word;
    }
    if (stem.endsWith("at") || stem.endsWith("bl") || stem.endsWith("iz")) {
      return stem + "e";
    }
    if (doubleConsonant(stem)) {
      return "lsz".indexOf(stem.charAt(stem.length() - 1)) >= 0 ? stem : cut(stem, 1);
    }
    return measure(stem) == 1 && endsCvc(stem) ? stem + "e" : stem;
  }

  /** Only behind a consonant that is not the word's first letter: "by" and "say" stay. */
  private static String step1c(String word) {
    if (!word.endsWith("y")) {
      return word;
    }
    String stem = cut(word, 1);
    return stem.length() > 1 && consonant(stem, stem.length() - 1) ? stem + "i" : word;
  }

  private static String step2(String word) {
    if (word.endsWith("alli") && measure(cut(word, 4)) > 0) {
      return step2(cut(word, 4) + "al");
    }
    return first(STEP_2, word);
  }

  private static String step5a(String word) {
    if (!word.endsWith("e")) {
      return word;
    }
    String stem = cut(word, 1);
    int measure = measure(stem);
    return measure > 1 || (measure == 1 && !endsCvc(stem)) ? stem : word;
  }

  private static String step5b(String word) {
    return word.endsWith("ll") && measure(cut(word, 1)) > 1 ? cut(word, 1) : word;
  }

  /** The first rule whose suffix is there decides, whether or not its condition holds. */
  private static String first(List<Rule> rules, String word) {
    for (Rule rule : rules) {
      if (word.endsWith(rule.suffix())) {
        String stem = cut(word, rule.suffix().length());
        return rule.condition().test(stem) ? stem + rule.replacement() : word;
      }
    }
    return word;
  }

  private static String cut(String word, int letters) {
    return word.substring(0, word.length() - letters);
  }

  private static boolean consonant(String word, int at) {
    char letter = word.charAt(at);
    if ("aeiou".indexOf(letter) >= 0) {
      return false;
    }
    return letter != 'y' || at == 0 || !consonant(word, at - 1);
  }

  /** How often a consonant follows a vowel. */
  private static int measure(String stem) {
    int count = 0;
    for (int at = 1; at < stem.length(); at++) {
      count += consonant(stem, at) && !consonant(stem, at - 1) ? 1 : 0;
    }
    return count;
  }

  private static boolean hasVowel(String stem) {
    for (int at = 0; at < stem.length(); at++) {
      if (!consonant(stem, at)) {
        return true;
      }
    }
    return false;
  }

  private static boolean doubleConsonant(String word) {
    int last = word.length() - 1;
    return last >= 1 && word.charAt(last) == word.charAt(last - 1) && consonant(word, last);
  }

  /** Consonant, vowel, consonant other than w, x, y; of two letters, vowel and consonant. */
  private static boolean endsCvc(String word) {
    int last = word.length() - 1;
    if (word.length() == 2) {
      return !consonant(word, 0) && consonant(word, 1);
    }
    return word.length() >= 3
        && consonant(word, last - 2)
        && !consonant(word, last - 1)
        && consonant(word, last)
        && "wxy".indexOf(word.charAt(last)) < 0;
  }
}
