// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Files that a tokenizer is published as. Whatever the form, it becomes the {@code tokenizer.json}
 * that its family publishes, so that all tokenizers encode in one way.
 */
interface TokenizerForm {
  /** In the order in which they are looked for. */
  List<TokenizerForm> ALL =
      List.of(new TokenizerJson(), new RankFile(), new SentencePieceModel(), new MergesFile());

  /**
   * The content of a tokenizer.json, if the directory has files of this form.
   *
   * @throws dev.tributary.fl.config.InputException if they cannot be used; file and line are named
   */
  Optional<String> read(Path directory);

  /** What such files are called, for messages. */
  String files();
}
