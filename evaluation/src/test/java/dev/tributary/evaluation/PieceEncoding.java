// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.text.TextEncoding;
import java.util.ArrayList;
import java.util.List;

/** Tokens are characters, but for some pieces of text, which are taken greedily. */
final class PieceEncoding implements TextEncoding {
  static final int END_OF_TEXT = 0;
  static final int BEGIN_OF_TEXT = 1;
  private static final int FIRST_CHARACTER = 1000;
  private final List<String> pieces;

  PieceEncoding(String... pieces) {
    this.pieces = List.of(pieces);
  }

  @Override
  public int[] encode(String text) {
    int[] plain = encodePlain(text);
    int[] tokens = new int[plain.length + 1];
    tokens[0] = BEGIN_OF_TEXT;
    System.arraycopy(plain, 0, tokens, 1, plain.length);
    return tokens;
  }

  @Override
  public int[] encodePlain(String text) {
    List<Integer> tokens = new ArrayList<>();
    for (int at = 0; at < text.length(); ) {
      int token = FIRST_CHARACTER + text.charAt(at);
      int length = 1;
      for (int p = 0; p < pieces.size(); p++) {
        if (text.startsWith(pieces.get(p), at) && pieces.get(p).length() > length) {
          token = 2 + p;
          length = pieces.get(p).length();
        }
      }
      tokens.add(token);
      at += length;
    }
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  @Override
  public String decode(int[] tokens) {
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      if (token >= FIRST_CHARACTER) {
        text.append((char) (token - FIRST_CHARACTER));
      } else if (token > BEGIN_OF_TEXT) {
        text.append(pieces.get(token - 2));
      }
    }
    return text.toString();
  }

  @Override
  public int endOfTextToken() {
    return END_OF_TEXT;
  }
}
