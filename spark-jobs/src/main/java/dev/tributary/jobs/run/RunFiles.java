// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import dev.tributary.fl.config.InputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;

/**
 * The files below a directory, on this machine or on any file system that Hadoop knows. A file
 * appears whole or not at all; names are relative, parts joined by {@code /}. Used by the driver.
 */
final class RunFiles {
  private final FileSystem files;
  private final Path root;
  private final boolean local;

  private RunFiles(FileSystem files, Path root, boolean local) {
    this.files = files;
    this.root = root;
    this.local = local;
  }

  /**
   * Opens a directory, whether or not it exists yet.
   *
   * @param location a path of this machine, or a URI such as {@code hdfs://...}
   */
  static RunFiles at(String location, Configuration hadoop) {
    try {
      if (isLocal(location)) {
        String path =
            location.startsWith("file:") ? new Path(location).toUri().getPath() : location;
        java.nio.file.Path absolute = java.nio.file.Path.of(path).toAbsolutePath().normalize();
        // Raw: without the checksum files that Hadoop puts beside its local ones.
        return new RunFiles(FileSystem.getLocal(hadoop).getRaw(), new Path(absolute.toUri()), true);
      }
      Path root = new Path(location);
      return new RunFiles(root.getFileSystem(hadoop), root, false);
    } catch (IOException | IllegalArgumentException e) {
      throw new InputException(
          "Cannot open "
              + location
              + ": "
              + e.getMessage()
              + "; give a path, or a URI of a file system that Spark's Hadoop is configured for",
          e);
    }
  }

  static boolean isLocal(String location) {
    return location.startsWith("file:") || !location.matches("[A-Za-z][A-Za-z0-9+.-]*://.*");
  }

  /** The place of a file, for messages and for who writes it himself. */
  Path path(String name) {
    return name.isEmpty() ? root : new Path(root, name);
  }

  FileSystem fileSystem() {
    return files;
  }

  /** As a path of this machine, if it is on this machine. */
  Optional<java.nio.file.Path> localPath(String name) {
    return local
        ? Optional.of(java.nio.file.Path.of(path(name).toUri().getPath()))
        : Optional.empty();
  }

  void makeFolder(String name) {
    try {
      files.mkdirs(path(name));
    } catch (IOException e) {
      throw unwritable(name, e);
    }
  }

  boolean exists(String name) {
    try {
      return files.exists(path(name));
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  /** The file's content, if there is one. */
  Optional<byte[]> read(String name) {
    try (InputStream in = files.open(path(name))) {
      return Optional.of(in.readAllBytes());
    } catch (FileNotFoundException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  /** Writes a file in place of what is there; on disk when this returns. */
  void write(String name, byte[] content) {
    Path target = path(name);
    Path temporary = new Path(target.getParent(), "." + target.getName() + ".tmp");
    try {
      files.mkdirs(target.getParent());
      try (FSDataOutputStream out = files.create(temporary, true)) {
        out.write(content);
        out.hsync();
      }
      replace(temporary, target);
    } catch (IOException e) {
      throw unwritable(name, e);
    }
  }

  /** Names of what is in a folder, sorted; none if there is no such folder. */
  List<String> list(String folder) {
    try {
      List<String> names = new ArrayList<>();
      for (FileStatus status : files.listStatus(path(folder))) {
        if (!status.getPath().getName().endsWith(".tmp")) {
          names.add(status.getPath().getName());
        }
      }
      names.sort(null);
      return names;
    } catch (FileNotFoundException e) {
      return List.of();
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  /** Removes a file or folder, if there is one. */
  void delete(String name) {
    try {
      files.delete(path(name), true);
    } catch (IOException e) {
      throw unwritable(name, e);
    }
  }

  /** Gives a folder another name, which must not be taken; in one step. */
  void rename(String folder, String as) {
    try {
      if (files.exists(path(as))) {
        throw new IOException("it exists");
      }
      files.mkdirs(path(as).getParent());
      if (!files.rename(path(folder), path(as))) {
        throw new IOException(path(folder) + " cannot be renamed");
      }
    } catch (IOException e) {
      throw unwritable(as, e);
    }
  }

  /** Puts a finished folder of this machine in the place of one here. */
  void publish(java.nio.file.Path folder, String name) {
    Path target = path(name);
    Path temporary = new Path(target.getParent(), "." + target.getName() + ".tmp");
    try {
      files.mkdirs(target.getParent());
      files.delete(temporary, true);
      files.copyFromLocalFile(false, true, new Path(folder.toUri()), temporary);
      files.delete(target, true);
      if (!files.rename(temporary, target)) {
        throw new IOException(temporary + " cannot be renamed");
      }
    } catch (IOException e) {
      throw unwritable(name, e);
    }
  }

  private void replace(Path temporary, Path target) throws IOException {
    if (local) { // rename(2), which replaces
      if (!files.rename(temporary, target)) {
        throw new IOException(temporary + " cannot be renamed");
      }
    } else {
      FileContext.getFileContext(target.toUri(), files.getConf())
          .rename(temporary, target, Options.Rename.OVERWRITE);
    }
  }

  private UncheckedIOException unreadable(String name, IOException e) {
    return new UncheckedIOException("Cannot read " + path(name) + " (" + e.getMessage() + ")", e);
  }

  private UncheckedIOException unwritable(String name, IOException e) {
    return new UncheckedIOException(
        "Cannot write " + path(name) + " (" + e.getMessage() + "); is the disk full or read-only?",
        e);
  }
}
