// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.ledger.Store;
import dev.tributary.fl.message.MessageBytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Files in a map. Can die before any of its changes, or halfway through. */
final class MemoryStore implements Store {
  static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  final NavigableMap<String, byte[]> files = new TreeMap<>();
  private int changesLeft = Integer.MAX_VALUE;

  /** A file on a disk that does not answer. */
  String unreadable = "";

  /** Dies at change number {@code changes + 1}. */
  void dieAfter(int changes) {
    changesLeft = changes;
  }

  /** Flips a bit of a file. */
  void damage(String path) {
    byte[] bytes = read(path).clone();
    bytes[5] ^= 1;
    files.put(path, bytes);
  }

  private void change() {
    if (changesLeft-- == 0) {
      throw new Killed();
    }
  }

  private Map<String, byte[]> below(String folder) {
    return files.subMap(folder + "/", true, folder + "0", false); // '0' follows '/'
  }

  @Override
  public boolean exists(String path) {
    return files.containsKey(path) || !below(path).isEmpty();
  }

  @Override
  public List<String> list(String folder) {
    String prefix = folder.isEmpty() ? "" : folder + "/";
    return files.keySet().stream()
        .filter(file -> file.startsWith(prefix))
        .map(file -> file.substring(prefix.length()).replaceAll("/.*", ""))
        .distinct()
        .toList();
  }

  @Override
  public byte[] read(String path) {
    if (path.equals(unreadable)) {
      throw new UncheckedIOException("Cannot read " + path, new IOException("no answer"));
    }
    byte[] bytes = files.get(path);
    if (bytes == null) {
      throw new UncheckedIOException("Cannot read " + path, new NoSuchFileException(path));
    }
    return bytes;
  }

  @Override
  public MessageBytes open(String path) {
    return MessageBytes.of(read(path));
  }

  @Override
  public void write(String path, byte[] bytes) {
    change();
    files.put(path, bytes.clone());
  }

  @Override
  public void delete(String path) {
    files.remove(path);
    for (String file : List.copyOf(below(path).keySet())) {
      change();
      files.remove(file);
    }
  }

  @Override
  public void commit(String folder, String as) {
    change();
    if (exists(as)) {
      throw new IllegalStateException(as + " is there already");
    }
    for (String file : List.copyOf(below(folder).keySet())) {
      files.put(as + file.substring(folder.length()), read(file));
      files.remove(file);
    }
  }
}
