// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;

/** Small files and renames on whatever file system a path names. */
record Storage(FileSystem system) {
  /** Of a local disk without Hadoop's checksum files, which turn edited files into errors. */
  static Storage of(Path path, Configuration hadoop) throws IOException {
    FileSystem system = path.getFileSystem(hadoop);
    return new Storage(system instanceof LocalFileSystem local ? local.getRaw() : system);
  }

  /** A file's text; empty if there is no such file. */
  Optional<String> text(Path file) throws IOException {
    try (InputStream in = system.open(file)) {
      return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }

  /** Writes beside the file, then renames: readers see all of it or nothing. */
  void writeNew(Path file, String text) throws IOException {
    Path temporary = new Path(file.getParent(), "." + file.getName() + "." + UUID.randomUUID());
    write(temporary, text);
    if (!system.rename(temporary, file)) {
      system.delete(temporary, false);
      throw new IOException("Cannot rename " + temporary + " to " + file);
    }
  }

  void write(Path file, String text) throws IOException {
    try (OutputStream out = system.create(file, true)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  /**
   * Renames a folder to where it shall lie, unless another lies there.
   *
   * @return whether it lies there now; if not it is where it was, or inside the other, which is
   *     where file systems move it if the other came at this very moment
   */
  boolean place(Path folder, Path place) throws IOException {
    if (system.exists(place)) {
      return false;
    }
    boolean renamed = system.rename(folder, place);
    if (!renamed && !system.exists(place)) {
      throw new IOException("Cannot rename " + folder + " to " + place);
    }
    return renamed && !system.exists(new Path(place, folder.getName()));
  }

  /** What lies in a folder, by name; nothing if there is no folder. */
  List<FileStatus> children(Path folder) throws IOException {
    try {
      return Arrays.stream(system.listStatus(folder))
          .sorted((a, b) -> a.getPath().getName().compareTo(b.getPath().getName()))
          .toList();
    } catch (FileNotFoundException e) {
      return List.of();
    }
  }
}
