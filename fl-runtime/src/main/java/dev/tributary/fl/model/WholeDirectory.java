// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Writes a directory that appears whole or not at all: its files go to a temporary directory beside
 * it, which is renamed when all are written.
 */
public final class WholeDirectory {
  /** Writes the files of a directory. */
  public interface Content {
    /**
     * @param directory exists and is empty
     */
    void writeTo(Path directory) throws IOException;
  }

  private WholeDirectory() {}

  /**
   * Replaces what is there. A reader sees the old directory or the new one; in the moment between
   * the two renames, none.
   *
   * @throws UncheckedIOException if it cannot be written; what was there stays
   */
  public static void write(Path target, Content content) {
    Path directory = target.toAbsolutePath().normalize();
    Path temporary = directory.resolveSibling("." + directory.getFileName() + ".tmp");
    Path old = directory.resolveSibling("." + directory.getFileName() + ".old");
    try {
      delete(temporary);
      delete(old);
      Files.createDirectories(temporary);
      content.writeTo(temporary);
      if (Files.exists(directory)) {
        Files.move(directory, old, StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
      delete(old);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot write " + target + " (" + e.getMessage() + "); is the disk full or read-only?",
          e);
    }
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> walk = Files.walk(directory)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }
}
