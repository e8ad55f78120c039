// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import java.text.Normalizer;
import java.util.Arrays;

/**
 * A text as words, by which texts are compared: maximal runs of letters, digits and the marks on
 * them, in lower case. What stands between, be it spaces or operators, does not count. Chinese
 * characters and kana are a word each, as nothing separates words there. Texts are brought to
 * Unicode's form NFC first.
 *
 * <p>Words and runs of words are known by 64-bit hashes: among a billion different ones two agree
 * with a probability of 3 %. The hashes are part of what is recorded of a benchmark ({@link
 * Contamination#sha256()}), so they stay what they are.
 */
final class Words {
  private static final long BASE = 0x9e3779b97f4a7c15L;

  /** Below this character all texts are in form NFC. */
  private static final char FIRST_COMBINING = '\u0300';

  private Words() {}

  /** Hashes of a text's words, in their order. */
  static long[] of(String text) {
    String normal = normal(text);
    long[] words = new long[16 + normal.length() / 6];
    int count = 0;
    boolean inWord = false;
    long hash = 0;
    int at = 0;
    while (at < normal.length()) {
      int c = normal.codePointAt(at);
      at += Character.charCount(c);
      boolean alone = isWordAlone(c);
      if (inWord && (alone || !goesOn(c))) {
        words = withRoom(words, count);
        words[count++] = mixed(hash);
        inWord = false;
      }
      if (alone) {
        words = withRoom(words, count);
        words[count++] = mixed(BASE + c);
      } else if (inWord || isLetterOrDigit(c)) {
        hash = (inWord ? hash : 1) * BASE + lower(c);
        inWord = true;
      }
    }
    if (inWord) {
      words = withRoom(words, count);
      words[count++] = mixed(hash);
    }
    return count == words.length ? words : Arrays.copyOf(words, count);
  }

  /**
   * Hashes of all runs of words, in their order; the rolling hash of Karp and Rabin 1987.
   *
   * @param words as {@link #of} gives them
   * @param length of the runs, at least 1
   * @return none if there are fewer words
   */
  static long[] grams(long[] words, int length) {
    if (words.length < length) {
      return new long[0];
    }
    long leaving = 1;
    for (int i = 0; i < length; i++) {
      leaving *= BASE;
    }
    long[] grams = new long[words.length - length + 1];
    long rolling = 0;
    for (int i = 0; i < words.length; i++) {
      rolling = rolling * BASE + words[i];
      if (i >= length) {
        rolling -= leaving * words[i - length];
      }
      if (i >= length - 1) {
        grams[i - length + 1] = mixed(rolling);
      }
    }
    return grams;
  }

  /** Finaliser of SplitMix64 (Steele, Lea and Flood 2014): every bit hangs on every bit. */
  static long mixed(long bits) {
    long z = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private static String normal(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= FIRST_COMBINING) {
        return Normalizer.normalize(text, Normalizer.Form.NFC);
      }
    }
    return text;
  }

  private static long[] withRoom(long[] words, int count) {
    return count < words.length ? words : Arrays.copyOf(words, count * 2);
  }

  private static boolean isLetterOrDigit(int c) {
    if (c < 128) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
    return Character.isLetterOrDigit(c);
  }

  private static boolean goesOn(int c) {
    return isLetterOrDigit(c) || (c >= FIRST_COMBINING && isMark(c));
  }

  private static boolean isMark(int c) {
    return switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK ->
          true;
      default -> false;
    };
  }

  private static boolean isWordAlone(int c) {
    return c >= '\u2e80'
        && (Character.isIdeographic(c)
            || (c >= '\u3041' && c <= '\u30ff' && Character.isLetter(c)));
  }

  private static int lower(int c) {
    if (c < 128) {
      return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    }
    return Character.toLowerCase(c);
  }
}
