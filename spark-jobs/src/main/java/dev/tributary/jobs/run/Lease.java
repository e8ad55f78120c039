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
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to write a run directory, or what describes a split: a file that names the process that
 * has it, and that this process writes anew every few seconds. Two drivers cannot write one at
 * once. What a process left that is no more is taken over: at once where it was on this machine,
 * else when its file has stood still for a while. (A driver that is stopped for so long, not
 * killed, and then goes on would not know.)
 */
public final class Lease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Lease.class);

  /**
   * Who holds a lease.
   *
   * @param pid its process
   * @param started when that process began, so that a later one of the same number is told apart
   * @param id of the lease, so that two in one process are told apart
   */
  private record Holder(String host, long pid, String started, String id) {
    static Holder ofThisProcess() {
      ProcessHandle me = ProcessHandle.current();
      return new Holder(thisHost(), me.pid(), started(me), UUID.randomUUID().toString());
    }

    static Optional<Holder> parse(String text) {
      String[] parts = text.strip().split(" ", -1);
      try {
        return parts.length == 5
            ? Optional.of(new Holder(parts[0], Long.parseLong(parts[1]), parts[2], parts[3]))
            : Optional.empty(); // its writer died in between
      } catch (NumberFormatException e) {
        return Optional.empty();
      }
    }

    boolean isHere() {
      return host.equals(thisHost());
    }

    /** Of a process of this machine. */
    boolean isAlive() {
      return ProcessHandle.of(pid)
          .filter(ProcessHandle::isAlive)
          .filter(process -> started(process).equals(started))
          .isPresent();
    }

    /**
     * @param beat how often it was written, so that others see that its process lives
     */
    byte[] line(long beat) {
      return (host + " " + pid + " " + started + " " + id + " " + beat + "\n")
          .getBytes(StandardCharsets.UTF_8);
    }

    private static String started(ProcessHandle process) {
      return process.info().startInstant().map(Instant::toString).orElse("unknown");
    }
  }

  /**
   * How often a lease is written, and how long one stands still before it counts as left behind.
   */
  record Rhythm(Duration beat, Duration patience) {
    static final Rhythm USUAL = new Rhythm(Duration.ofSeconds(4), Duration.ofSeconds(20));
  }

  private final FileSystem files;
  private final Path file;
  private final Holder me;
  private final Thread beating;
  private boolean given;

  private Lease(FileSystem files, Path file, Holder me, Rhythm rhythm) {
    this.files = files;
    this.file = file;
    this.me = me;
    this.beating = new Thread(() -> beat(rhythm.beat()), "tributary-lease");
    beating.setDaemon(true);
    beating.start();
  }

  /**
   * Takes the lease of a directory.
   *
   * @param file the lease file
   * @throws InputException if somebody else has it; says who
   */
  public static Lease take(FileSystem files, Path file) {
    return take(files, file, Rhythm.USUAL);
  }

  static Lease take(FileSystem files, Path file, Rhythm rhythm) {
    Holder me = Holder.ofThisProcess();
    try {
      for (int attempt = 0; attempt < 3; attempt++) {
        if (create(files, file, me)) {
          return new Lease(files, file, me, rhythm);
        }
        Optional<String> text = read(files, file);
        if (text.isEmpty()) {
          continue; // given back in the meantime
        }
        Optional<Holder> holder = Holder.parse(text.get());
        boolean here = holder.filter(Holder::isHere).isPresent();
        if (here ? holder.orElseThrow().isAlive() : changes(files, file, text.get(), rhythm)) {
          throw held(file, holder);
        }
        takeAway(files, file, text.get());
      }
      throw held(file, Optional.empty());
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot write " + file + " (" + e.getMessage() + "); is the disk full or read-only?", e);
    }
  }

  /** Waits to see whether its holder still writes it. */
  private static boolean changes(FileSystem files, Path file, String text, Rhythm rhythm)
      throws IOException {
    LOG.warn(
        "Looking whether another process writes {} ({} s at most)",
        file.getParent(),
        rhythm.patience().toSeconds());
    long end = System.nanoTime() + rhythm.patience().toNanos();
    while (System.nanoTime() < end) {
      if (!read(files, file).equals(Optional.of(text))) {
        return true;
      }
      try {
        Thread.sleep(Math.max(1, rhythm.beat().toMillis() / 4));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return true;
      }
    }
    return false;
  }

  /** Removes a file that was left behind, unless another start was quicker. */
  private static void takeAway(FileSystem files, Path file, String text) throws IOException {
    Path away = new Path(file.getParent(), file.getName() + "." + UUID.randomUUID());
    if (!files.rename(file, away)) {
      return; // another did
    }
    if (!read(files, away).equals(Optional.of(text))) {
      files.rename(away, file); // it is the other's already
      return;
    }
    files.delete(away, false);
  }

  private void beat(Duration pause) {
    try {
      for (long beat = 1; ; beat++) {
        Thread.sleep(pause.toMillis());
        synchronized (this) {
          if (given) {
            return;
          }
          if (!read(files, file).flatMap(Holder::parse).equals(Optional.of(me))) {
            LOG.error("Another process has taken over {}; end one of the two", file.getParent());
            return;
          }
          write(files, file, true, me.line(beat));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // given back
    } catch (IOException e) {
      LOG.warn("Cannot write {}: {}; others may take it for left behind", file, e.getMessage());
    }
  }

  private static InputException held(Path file, Optional<Holder> holder) {
    return new InputException(
        "Cannot write "
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
    try {
      write(files, file, false, me.line(0));
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

  private static void write(FileSystem files, Path file, boolean over, byte[] line)
      throws IOException {
    try (OutputStream out = files.create(file, over)) {
      out.write(line);
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
  public synchronized void close() {
    given = true;
    beating.interrupt();
    try {
      if (read(files, file).flatMap(Holder::parse).equals(Optional.of(me))) {
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
