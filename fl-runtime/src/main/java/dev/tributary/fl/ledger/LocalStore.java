// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.ledger;

import dev.tributary.fl.message.MessageBytes;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder of this machine's file system. Made when the first file is written. */
public final class LocalStore implements Store {
  private final Path root;

  public LocalStore(Path root) {
    this.root = root;
  }

  @Override
  public boolean exists(String path) {
    return Files.exists(at(path));
  }

  @Override
  public List<String> list(String folder) {
    try (Stream<Path> children = Files.list(at(folder))) {
      return children.map(child -> child.getFileName().toString()).sorted().toList();
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException e) {
      throw failed("list", folder, e);
    }
  }

  @Override
  public byte[] read(String path) {
    try {
      return Files.readAllBytes(at(path));
    } catch (IOException e) {
      throw failed("read", path, e);
    }
  }

  @Override
  public MessageBytes open(String path) {
    Path file = at(path);
    return new MessageBytes() {
      @Override
      public long size() throws IOException {
        return Files.size(file);
      }

      @Override
      public byte[] read(long offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(new byte[length]);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
          while (buffer.hasRemaining()) {
            if (channel.read(buffer, offset + buffer.position()) < 0) {
              throw new EOFException(file + " ends at byte " + (offset + buffer.position()));
            }
          }
        }
        return buffer.array();
      }
    };
  }

  @Override
  public void write(String path, byte[] bytes) {
    Path file = at(path);
    Path temporary = file.resolveSibling("." + file.getFileName() + ".tmp");
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.write(temporary, bytes);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw failed("write", path, e);
    }
  }

  @Override
  public void delete(String path) {
    try (Stream<Path> below = Files.walk(at(path))) {
      for (Path file : below.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      return; // nothing to delete is what was asked for
    } catch (IOException e) {
      throw failed("delete", path, e);
    }
  }

  /** The folder's files reach the disk before its name does, so that a power cut is no harm. */
  @Override
  public void commit(String folder, String as) {
    try {
      if (exists(as)) {
        throw new FileAlreadyExistsException(at(as).toString());
      }
      try (Stream<Path> below = Files.walk(at(folder))) {
        for (Path path : below.toList()) {
          force(path);
        }
      }
      Files.move(at(folder), at(as), StandardCopyOption.ATOMIC_MOVE);
      force(at(as).resolveSibling(".")); // the new name itself
    } catch (IOException e) {
      throw failed("commit", as, e);
    }
  }

  private static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private Path at(String path) {
    return root.resolve(path);
  }

  private UncheckedIOException failed(String what, String path, IOException cause) {
    String advice = what.equals("read") ? "" : "; is the disk full or read-only?";
    return new UncheckedIOException(
        "Cannot " + what + " " + at(path) + " (" + cause + ")" + advice, cause);
  }
}
