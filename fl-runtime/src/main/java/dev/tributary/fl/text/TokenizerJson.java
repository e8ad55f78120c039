// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What the tokenizers library itself reads. */
final class TokenizerJson implements TokenizerForm {
  @Override
  public String files() {
    return "tokenizer.json";
  }

  @Override
  public Optional<String> read(Path directory) {
    Path file = directory.resolve("tokenizer.json");
    return Files.isRegularFile(file) ? Optional.of(text(file)) : Optional.empty();
  }

  /** A file's text. */
  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new InputException("Cannot read " + file + " (" + e + "); check the file", e);
    }
  }
}
