// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import java.util.Set;

/** How much of a model is needed. */
public enum Extent {
  /** Its config and what makes texts tokens; some megabytes. */
  TEXTS,
  /** The weights as well. */
  WHOLE;

  /** What is read beside the weights, where a model has it. */
  private static final Set<String> BESIDE_WEIGHTS =
      Set.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "tokenizer.model",
          "spiece.model",
          "sentencepiece.bpe.model",
          "vocab.json",
          "vocab.txt",
          "merges.txt",
          "chat_template.jinja",
          "chat_template.json");

  /** One of these at least makes a tokenizer. */
  static final Set<String> TOKENIZERS =
      Set.of(
          "tokenizer.json",
          "tokenizer.model",
          "spiece.model",
          "sentencepiece.bpe.model",
          "vocab.json",
          "vocab.txt");

  static boolean isBesideWeights(String file) {
    return BESIDE_WEIGHTS.contains(file);
  }
}
