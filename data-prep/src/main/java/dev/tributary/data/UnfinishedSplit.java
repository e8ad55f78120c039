// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.config.InputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsAction;

/**
 * A split that is being written, whoever else writes one to the same directory; used by the driver.
 *
 * <p>Examples are written to {@code _examples.ID}, with an id of this preparation alone, and what
 * they are to {@code _manifest.ID.json} inside it. Two renames make them a split: first the folder
 * becomes {@code examples}, unless there is one; then its manifest becomes {@code manifest.json}. A
 * manifest lying in {@code examples} itself thus tells what is there, and whoever finds it does the
 * second rename, as the process that did the first may have been killed in between.
 *
 * <p>Nothing is removed but what bears this id. What a killed process had written before the first
 * rename stays, as nobody can tell it from what another process still writes: see {@link #others}.
 * Where a file system renames folders file by file, as object stores do, a process killed at that
 * leaves {@code examples} without a manifest, which is for the user to remove: see {@link
 * SplitDirectory#obstacle}.
 */
final class UnfinishedSplit implements AutoCloseable {
  private static final Pattern OURS = Pattern.compile("_(examples|unpacked)\\.[0-9a-f-]{36}");
  private static final Pattern MANIFEST = Pattern.compile("_manifest\\.([0-9a-f-]{36})\\.json");

  private final Storage storage;
  private final Path directory;
  private final String id = UUID.randomUUID().toString();

  UnfinishedSplit(Storage storage, Path directory) {
    this.storage = storage;
    this.directory = directory;
  }

  static UnfinishedSplit in(String directory, Configuration hadoop) {
    Path path = new Path(directory);
    try {
      return new UnfinishedSplit(Storage.of(path, hadoop), path);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot open " + directory, e);
    }
  }

  /** Where the examples are to be written. */
  Path examples() {
    return examples(directory, id);
  }

  /** Where what is needed until then is to be written. */
  Path unpacked() {
    return new Path(directory, "_unpacked." + id);
  }

  /**
   * Checks that something can be written there, before much is computed.
   *
   * @throws InputException if not
   */
  void checkWritable() {
    try {
      Path there = directory;
      while (!storage.system().exists(there) && there.getParent() != null) {
        there = there.getParent();
      }
      if (storage.system().exists(there)) {
        if (!storage.system().getFileStatus(there).isDirectory()) {
          throw new IOException(there + " is a file");
        }
        storage.system().access(there, FsAction.WRITE_EXECUTE);
      }
    } catch (IOException e) {
      throw new InputException(
          "Cannot write a split to "
              + directory
              + " ("
              + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
              + "); name another data.output, or another output",
          e);
    }
  }

  private static Path examples(Path directory, String id) {
    return new Path(directory, "_examples." + id);
  }

  /**
   * Makes what was written the split, unless examples are there already.
   *
   * @param manifest of what lies in {@link #examples()}
   * @return whether these are the split's examples now
   */
  boolean settle(Manifest manifest) {
    try {
      storage.write(new Path(examples(), "_manifest." + id + ".json"), manifest.toJson());
      boolean first = storage.place(examples(), SplitDirectory.examples(directory));
      finishMoved(storage, directory);
      return first;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot write a split to " + directory + "; is the disk full?", e);
    }
  }

  /** Does the second rename, if examples have come to their place and the manifest has not. */
  static void finishMoved(Storage storage, Path directory) throws IOException {
    for (FileStatus child : storage.children(SplitDirectory.examples(directory))) {
      Matcher name = MANIFEST.matcher(child.getPath().getName());
      if (name.matches() && !storage.system().exists(examples(directory, name.group(1)))) {
        move(storage, child.getPath(), SplitDirectory.manifest(directory));
      }
    }
  }

  private static void move(Storage storage, Path manifest, Path place) throws IOException {
    boolean renamed;
    try {
      renamed = storage.system().rename(manifest, place);
    } catch (FileNotFoundException e) {
      renamed = false;
    }
    // Another process may have done the same at this moment.
    if (!renamed && storage.system().exists(manifest)) {
      throw new IOException("Cannot rename " + manifest + " to " + place);
    }
  }

  /**
   * What other preparations write there, or had written when they were killed; to be asked before
   * this one writes.
   *
   * @return names of folders
   */
  List<String> others() {
    try {
      return storage.children(directory).stream()
          .map(child -> child.getPath().getName())
          .filter(name -> OURS.matcher(name).matches())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + directory, e);
    }
  }

  /** Removes what has not become the split. */
  @Override
  public void close() {
    Path examples = examples();
    try {
      storage.system().delete(examples, true);
      storage.system().delete(unpacked(), true);
      storage
          .system()
          .delete(new Path(SplitDirectory.examples(directory), examples.getName()), true);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove the unfinished " + examples, e);
    }
  }
}
