// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.text.Tokenizer;

/** What answering needs of a tokenizer. */
interface TextEncoding {
  /** Token ids of a text, with the special tokens in front of it. */
  int[] encode(String text);

  /** Token ids of a text alone. */
  int[] encodePlain(String text);

  String decode(int[] tokens);

  int endOfTextToken();

  static TextEncoding of(Tokenizer tokenizer) {
    return new TextEncoding() {
      @Override
      public int[] encode(String text) {
        return tokenizer.encode(text);
      }

      @Override
      public int[] encodePlain(String text) {
        return tokenizer.encodePlain(text);
      }

      @Override
      public String decode(int[] tokens) {
        return tokenizer.decode(tokens);
      }

      @Override
      public int endOfTextToken() {
        return tokenizer.endOfTextToken();
      }
    };
  }
}
