// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Token sequences at which decoding may end early.
 *
 * <p>A stop text has many tokenisations, and some reach into the text before it ({@code ".\n\n" +
 * "Q" + ":"}), so token sequences can never be the whole story: answers are cut by text at the end
 * ({@link #cut}). These sequences only save the tokens after the stop. Each spells exactly the stop
 * text, since decoding drops the sequence that it stopped at: with one that spells more, the end of
 * the answer would be lost.
 */
public final class StopTokens {
  /**
   * Ends of answers in whose company a stop is tokenised. Not the empty text: some tokenizers begin
   * every text with a space of their own, which would then count as part of the stop.
   */
  private static final List<String> BEFORE = List.of("a", "6", "6.", "6.\n", ")", "$6", "a ");

  private StopTokens() {}

  /** Every end-of-text token, and the stops as the tokenizer cuts them after various texts. */
  public static List<int[]> of(List<String> stops, List<Integer> endOfText, TextEncoding encoding) {
    Map<List<Integer>, int[]> found = new LinkedHashMap<>();
    for (int token : endOfText) {
      found.put(List.of(token), new int[] {token});
    }
    found.putIfAbsent(List.of(encoding.endOfTextToken()), new int[] {encoding.endOfTextToken()});
    for (String stop : stops) {
      for (String before : BEFORE) {
        int[] tail = tail(before, stop, encoding);
        if (tail.length > 0) {
          found.putIfAbsent(Arrays.stream(tail).boxed().toList(), tail);
        }
      }
    }
    return new ArrayList<>(found.values());
  }

  /** A text up to the first stop. */
  public static String cut(String text, List<String> stops) {
    int end = text.length();
    for (String stop : stops) {
      int at = text.indexOf(stop);
      end = at >= 0 ? Math.min(end, at) : end;
    }
    return text.substring(0, end);
  }

  /** The tokens that spell the stop and nothing else after {@code before}; empty if none do. */
  private static int[] tail(String before, String stop, TextEncoding encoding) {
    int[] whole = encoding.encodePlain(before + stop);
    for (int cut = 0; cut < whole.length; cut++) {
      int[] tail = Arrays.copyOfRange(whole, cut, whole.length);
      if (encoding.decode(Arrays.copyOf(whole, cut)).equals(before)
          && encoding.decode(tail).equals(stop)) {
        return tail;
      }
    }
    return new int[0];
  }
}
