// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The cache on disk, laid out as Hugging Face's libraries lay out theirs:
 *
 * <pre>
 * models--ORG--MODEL/refs/REVISION          the commit that a branch or tag stood for
 * models--ORG--MODEL/blobs/HASH             a file's content; HASH.incomplete while it is fetched
 * models--ORG--MODEL/snapshots/COMMIT/FILE  a link to its blob
 * .locks/models--ORG--MODEL/HASH.lock       held by the process that writes the blob
 * </pre>
 *
 * <p>Any thread and process may use it. Python's libraries do not see these locks; where one
 * fetches the same file at the same time, the checksum tells.
 *
 * @param root absolute
 */
record HubCache(Path root) {
  /** A file lock is the process's, so threads of one need another between them. */
  private static final Map<Path, ReentrantLock> THREADS = new ConcurrentHashMap<>();

  /** What is done under a lock. */
  @FunctionalInterface
  interface Action {
    void run() throws IOException;
  }

  /** What is here of a model, complete or not. */
  Optional<Snapshot> find(ModelName name) {
    return commit(name)
        .map(commit -> new Snapshot(name, commit, snapshot(name, commit)))
        .filter(snapshot -> Files.isDirectory(snapshot.directory()));
  }

  private Optional<String> commit(ModelName name) {
    if (name.isCommit()) {
      return Optional.of(name.revision());
    }
    Path ref = folder(name).resolve("refs").resolve(name.revision());
    if (!Files.isRegularFile(ref)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readString(ref).strip()).filter(ModelName::isCommit);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + ref, e);
    }
  }

  /** Notes what a branch or tag stands for now; a commit stands for itself. */
  void note(ModelName name, String commit) throws IOException {
    if (name.isCommit() || commit(name).equals(Optional.of(commit))) {
      return;
    }
    Path ref = folder(name).resolve("refs").resolve(name.revision());
    Files.createDirectories(ref.getParent());
    Path temporary = temporary(ref);
    Files.writeString(temporary, commit);
    Files.move(temporary, ref, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  Path snapshot(ModelName name, String commit) {
    return folder(name).resolve("snapshots").resolve(commit);
  }

  Path blob(ModelName name, Checksum checksum) {
    return folder(name).resolve("blobs").resolve(checksum.hex());
  }

  Path incomplete(ModelName name, Checksum checksum) {
    return folder(name).resolve("blobs").resolve(checksum.hex() + ".incomplete");
  }

  /** Lets nobody else write the blob meanwhile; waits for those who do. */
  void locked(ModelName name, Checksum checksum, FetchListener listener, Action action)
      throws IOException {
    Path file = root.resolve(".locks").resolve(folderName(name)).resolve(checksum.hex() + ".lock");
    Files.createDirectories(file.getParent());
    ReentrantLock threads = THREADS.computeIfAbsent(file, f -> new ReentrantLock());
    threads.lock();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      // Closing the channel gives the lock back.
      if (channel.tryLock() == null) {
        listener.say("Another process fetches a file of " + name + "; waiting for it");
        channel.lock();
      }
      action.run();
    } finally {
      threads.unlock();
    }
  }

  /** Puts a blob under its file's name; as a copy where the file system has no links. */
  void link(ModelName name, String commit, String file, Checksum checksum) throws IOException {
    Path folder = snapshot(name, commit);
    Path link = folder.resolve(file);
    Files.createDirectories(folder);
    Path blob = blob(name, checksum);
    try {
      Files.deleteIfExists(link); // one that leads nowhere, or somebody else put it there
      Files.createSymbolicLink(link, folder.relativize(blob));
    } catch (FileAlreadyExistsException e) {
      return; // another process was faster, to the same end
    } catch (UnsupportedOperationException | FileSystemException e) {
      Path temporary = temporary(link);
      Files.copy(blob, temporary);
      Files.move(
          temporary, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Beside a file; readable by whoever may read what this process writes. */
  private static Path temporary(Path file) {
    return file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
  }

  private Path folder(ModelName name) {
    return root.resolve(folderName(name));
  }

  private static String folderName(ModelName name) {
    return "models--" + name.organisation() + "--" + name.model();
  }
}
