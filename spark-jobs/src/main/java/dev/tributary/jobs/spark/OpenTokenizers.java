// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.text.Tokenizer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Tokenizers of this JVM, opened once and kept; they are small and used by all tasks. */
final class OpenTokenizers {
  private static final Map<String, Tokenizer> BY_CONTENT = new ConcurrentHashMap<>();

  private OpenTokenizers() {}

  static Tokenizer of(Tokenizer.Source source) {
    return BY_CONTENT.computeIfAbsent(source.sha256(), content -> source.open());
  }
}
