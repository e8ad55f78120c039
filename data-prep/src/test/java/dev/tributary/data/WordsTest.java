// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordsTest {
  private static final Pattern WORD =
      Pattern.compile(
          "[%1$s]|[\\p{L}\\p{Nd}&&[^%1$s]][\\p{L}\\p{Nd}\\p{M}&&[^%1$s]]*"
              .formatted("\\p{IsHan}\\p{IsHiragana}\\p{IsKatakana}"));

  @ParameterizedTest
  @CsvSource({
    "It's 3.50!, it s 3 50",
    "'  Groß  und\tklein ', groß und KLEIN",
    "naïve_Éclair, NAÏVE éclair",
    "f(x)=x+1, f x x 1",
    "हिन्दी भाषा, हिन्दी-भाषा",
    "日本語です, 日 本 語 で す",
    "日本go語, 日 本 go 語",
    "ПРИВЕТ мир, привет мир",
    "𝔸𝔹 𐐀, 𝔸𝔹 𐐨"
  })
  void wordsAreWhatStandsBetweenWhatIsNoLetterOrDigit(String one, String other) {
    assertThat(Words.of(one)).isEqualTo(Words.of(other)).hasSize(other.split(" |-|\t").length);
  }

  @Test
  void textsWithoutLettersAndDigitsHaveNoWord() {
    assertThat(Words.of("")).isEmpty();
    assertThat(Words.of(" ... -- \n\t?!")).isEmpty();
  }

  @Test
  void composedAndDecomposedTextsHaveTheSameWords() {
    String text = "Ångström café Việt Nam 한국어";
    assertThat(Words.of(Normalizer.normalize(text, Normalizer.Form.NFD)))
        .isEqualTo(Words.of(text))
        .hasSize(5);
  }

  /** With an oracle that is another way to find words, on texts with much that is unusual. */
  @Test
  void hashesAgreeJustWhereWordsAndRunsDo() {
    SplittableRandom random = new SplittableRandom(7);
    String alphabet = "abcABC012 ,.-_\n\tßÉ日本ぁカ́한я";
    Map<String, Long> words = new HashMap<>();
    Map<List<String>, Long> runs = new HashMap<>();
    for (int i = 0; i < 2000; i++) {
      StringBuilder text = new StringBuilder();
      random.ints(1 + i % 300, 0, alphabet.length()).forEach(c -> text.append(alphabet.charAt(c)));
      List<String> wanted =
          WORD.matcher(Normalizer.normalize(text, Normalizer.Form.NFC).toLowerCase(Locale.ROOT))
              .results()
              .map(match -> match.group())
              .toList();
      long[] hashes = Words.of(text.toString());
      assertThat(hashes).as(text.toString()).hasSize(wanted.size());
      long[] grams = Words.grams(hashes, 3);
      assertThat(grams).hasSize(Math.max(0, wanted.size() - 2));
      for (int w = 0; w < hashes.length; w++) {
        assertThat(words.merge(wanted.get(w), hashes[w], (known, now) -> known))
            .isEqualTo(hashes[w]);
      }
      for (int g = 0; g < grams.length; g++) {
        assertThat(runs.merge(wanted.subList(g, g + 3), grams[g], (known, now) -> known))
            .isEqualTo(grams[g]);
      }
    }
    assertThat(words.values()).doesNotHaveDuplicates().hasSizeGreaterThan(1000);
    assertThat(runs.values()).doesNotHaveDuplicates().hasSizeGreaterThan(10_000);
  }

  @Test
  void runsDifferInOrderAndLength() {
    long[] words = Words.of("a b a a b b a");
    assertThat(Words.grams(words, 2)).hasSize(6);
    assertThat(Arrays.stream(Words.grams(words, 2)).distinct()).hasSize(4); // ab ba aa bb
    assertThat(Words.grams(words, 7)).hasSize(1);
    assertThat(Words.grams(words, 8)).isEmpty();
  }

  /** Recorded in manifests by way of a benchmark's hash. */
  @Test
  void hashesStayWhatTheyAre() {
    assertThat(Words.of("Natalia sold clips"))
        .containsExactly(-1615778073113457487L, -6116468023695850550L, -976748215126640760L);
    assertThat(Words.grams(Words.of("Natalia sold clips"), 3))
        .containsExactly(-6390938146221947398L);
  }
}
