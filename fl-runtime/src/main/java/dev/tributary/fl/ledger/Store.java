// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.ledger;

import dev.tributary.fl.message.MessageBytes;
import java.util.List;

/**
 * A folder of files, on a local disk or any file system whose renames are atomic. Paths are
 * relative, with {@code /} between names. Methods throw {@link java.io.UncheckedIOException} that
 * names the path. Reading is safe from several threads; one thread of one process writes.
 */
public interface Store {
  boolean exists(String path);

  /** Names of what lies in a folder, sorted; empty if there is no such folder. */
  List<String> list(String folder);

  /** A whole file. */
  byte[] read(String path);

  /** A file of which pieces are read; it is not held open in between. */
  MessageBytes open(String path);

  /** Writes a file, and the folders above it; readers see all of it or what was there before. */
  void write(String path, byte[] bytes);

  /** Deletes a file, or a folder with all in it; does nothing if there is none. */
  void delete(String path);

  /**
   * Gives a folder its final name: after this returns it is there whole, whatever happens; before,
   * it is not there at all.
   *
   * @param as must not exist
   */
  void commit(String folder, String as);
}
