// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

/** From texts to tokens and back: what writing and answering need of a {@link Tokenizer}. */
public interface TextEncoding {
  /** Token ids of a text, with the special tokens that the tokenizer puts around one. */
  int[] encode(String text);

  /** Token ids of a text alone. */
  int[] encodePlain(String text);

  /** The text of tokens, without special tokens. */
  String decode(int[] tokens);

  int endOfTextToken();
}
