// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import dev.tributary.fl.config.InputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The right to write a run directory: a file that names the process that has it. Two drivers cannot
 * write one run at once; what a process that died on this machine left is taken over.
 */
final class Lease implements AutoCloseable {
  /**
   * Who holds a lease.
   *
   * @param pid its process
   * @param started when that process began, so that a later one of the same number is told apart
   */
  private record Holder(String host, long pid, String started, String id) {
    private static final String ID = UUID.randomUUID().toString();

    static Holder ofThisProcess() {
      ProcessHandle me = ProcessHandle.current();
      return new Holder(thisHost(), me.pid(), started(me), ID);
    }

    static Optional<Holder> parse(String text) {
      String[] parts = text.strip().split(" ", -1);
      try {
        return parts.length == 4
            ? Optional.of(new Holder(parts[0], Long.parseLong(parts[1]), parts[2], parts[3]))
            : Optional.empty(); // its writer died in between
      } catch (NumberFormatException e) {
        return Optional.empty();
      }
    }

    /** Whether it cannot come back: its process was on this machine and is no more. */
    boolean dead() {
      return host.equals(thisHost())
          && ProcessHandle.of(pid)
              .filter(ProcessHandle::isAlive)
              .filter(process -> started(process).equals(started))
              .isEmpty();
    }

    String line() {
      return host + " " + pid + " " + started + " " + id + "\n";
    }

    private static String started(ProcessHandle process) {
      return process.info().startInstant().map(Instant::toString).orElse("unknown");
    }
  }

  private final FileSystem files;
  private final Path file;

  private Lease(FileSystem files, Path file) {
    this.files = files;
    this.file = file;
  }

  /**
   * Takes the lease of a directory.
   *
   * @param file the lease file
   * @throws InputException if somebody else has it; says who, and what to do if that is no more
   */
  static Lease take(FileSystem files, Path file) {
    Holder me = Holder.ofThisProcess();
    try {
      for (int attempt = 0; attempt < 3; attempt++) {
        if (create(files, file, me)) {
          return new Lease(files, file);
        }
        Optional<String> text = read(files, file);
        if (text.isEmpty()) {
          continue; // given back in the meantime
        }
        Optional<Holder> holder = Holder.parse(text.get());
        if (holder.isPresent() && holder.get().dead()) {
          files.delete(file, false);
          continue;
        }
        throw held(file, holder);
      }
      throw held(file, Optional.empty());
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot write " + file + " (" + e.getMessage() + "); is the disk full or read-only?", e);
    }
  }

  private static InputException held(Path file, Optional<Holder> holder) {
    return new InputException(
        "Cannot write run directory "
            + file.getParent()
            + ": "
            + holder
                .map(h -> "process " + h.pid() + " on " + h.host())
                .orElse("another process, which has not said its name,")
            + " is writing it; wait for it, give another output, or, if that process is no more,"
            + " delete "
            + file);
  }

  private static boolean create(FileSystem files, Path file, Holder me) throws IOException {
    try (OutputStream out = files.create(file, false)) {
      out.write(me.line().getBytes(StandardCharsets.UTF_8));
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (IOException e) {
      // HDFS wraps it where two clients create at the same moment.
      if (files.exists(file)) {
        return false;
      }
      throw e;
    }
  }

  private static Optional<String> read(FileSystem files, Path file) throws IOException {
    try (InputStream in = files.open(file)) {
      return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }

  /** Gives it back. */
  @Override
  public void close() {
    try {
      Optional<Holder> holder = read(files, file).flatMap(Holder::parse);
      if (holder.equals(Optional.of(Holder.ofThisProcess()))) {
        files.delete(file, false);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete " + file + ": delete it by hand", e);
    }
  }

  private static String thisHost() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost"; // a machine without a name of its own
    }
  }
}
