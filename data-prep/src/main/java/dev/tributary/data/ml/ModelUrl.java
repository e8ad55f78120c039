// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.ml;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;

/** Reads a tokenizer from wherever it is. */
final class ModelUrl {
  private static final Pattern URI = Pattern.compile("[a-zA-Z][a-zA-Z0-9+.-]+:.*");

  /** All that {@link Tokenizer.Source#read} looks at. */
  private static final List<String> FILES =
      List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json");

  private ModelUrl() {}

  /**
   * @param url a path of this machine, or a URI of a file system that Hadoop knows
   * @throws InputException if there is no tokenizer that can be read
   */
  static Tokenizer.Source tokenizer(String url, Configuration hadoop) {
    if (!URI.matcher(url).matches()) {
      return Tokenizer.Source.read(java.nio.file.Path.of(url));
    }
    Path folder = new Path(url);
    if ("file".equals(folder.toUri().getScheme())) {
      return Tokenizer.Source.read(java.nio.file.Path.of(folder.toUri().getPath()));
    }
    try {
      java.nio.file.Path copy = Files.createTempDirectory("tributary-tokenizer");
      try {
        FileSystem system = folder.getFileSystem(hadoop);
        for (String name : FILES) {
          Path file = new Path(folder, name);
          if (system.exists(file)) {
            system.copyToLocalFile(false, file, new Path(copy.resolve(name).toUri()), true);
          } else if (name.equals("tokenizer.json")) {
            throw new InputException(
                "Cannot open the tokenizer of "
                    + url
                    + ": it has no tokenizer.json; give a Hugging Face directory");
          }
        }
        Tokenizer.Source read = read(copy, url);
        return new Tokenizer.Source(
            url, read.json(), read.endOfText(), read.endOfTextToken(), read.size());
      } finally {
        FileUtil.fullyDelete(copy.toFile());
      }
    } catch (IOException e) {
      throw new InputException(
          "Cannot read the tokenizer of " + url + " (" + e + "); check modelUrl", e);
    }
  }

  /** Messages name the copy, which is nobody's file. */
  private static Tokenizer.Source read(java.nio.file.Path copy, String url) {
    try {
      return Tokenizer.Source.read(copy);
    } catch (InputException e) {
      throw new InputException(String.valueOf(e.getMessage()).replace(copy.toString(), url), e);
    }
  }
}
