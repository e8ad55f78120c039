// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs programs that nobody has read: each in processes of its own, in an empty directory of its
 * own, without network, without this process's environment, under limits, by the strongest
 * isolation that works here. All that it has started is killed at the end. Linux only. Safe for use
 * by several threads at once.
 */
public final class Sandbox {
  /** How a program ended. */
  public enum Ending {
    /** By itself; see the exit code. */
    EXITED,
    TIME,
    MEMORY,
    PROCESSES,
    OUTPUT
  }

  /**
   * What became of a program.
   *
   * @param exitCode 128 + N where signal N ended it
   * @param output standard output and error, as far as kept: the beginning
   * @param seconds from start to end
   */
  public record Outcome(Ending ending, int exitCode, String output, double seconds) {
    public boolean succeeded() {
      return ending == Ending.EXITED && exitCode == 0;
    }
  }

  /** There is no isolation here at all, or the machine failed: never the program's fault. */
  public static final class CannotRunException extends RuntimeException {
    private static final long serialVersionUID = 1;

    CannotRunException(String message) {
      super(message);
    }
  }

  private static final AtomicInteger PROGRAMS = new AtomicInteger(); // distinct, in any order
  private static final Duration WATCH = Duration.ofMillis(20);
  private static final Duration LAST_WORDS = Duration.ofSeconds(2);
  private static final int KEPT_BYTES = 64 << 10;
  private static final int SETUP_FAILED = 96;
  private static final String EVERYONES_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final Isolation isolation;

  private Sandbox(Isolation isolation) {
    this.isolation = isolation;
  }

  private static final class Here {
    static final Optional<Sandbox> SANDBOX = find();

    private static Optional<Sandbox> find() {
      for (Isolation isolation : Isolation.inOrder()) {
        Sandbox sandbox = new Sandbox(isolation);
        if (sandbox.works()) {
          return Optional.of(sandbox);
        }
      }
      return Optional.empty();
    }
  }

  /**
   * The strongest that works on this machine, found by trying once.
   *
   * @throws CannotRunException if none does
   */
  public static Sandbox ofThisMachine() {
    return Here.SANDBOX.orElseThrow(
        () ->
            new CannotRunException(
                "programs cannot be run here: bubblewrap, or util-linux with coreutils, is needed"));
  }

  /** One of a certain strength, if it works here. */
  static Optional<Sandbox> with(Isolation isolation) {
    Sandbox sandbox = new Sandbox(isolation);
    return sandbox.works() ? Optional.of(sandbox) : Optional.empty();
  }

  /** What is in force. */
  public Isolation isolation() {
    return isolation;
  }

  private boolean works() {
    try {
      Outcome outcome =
          run(Map.of("probe", "works"), List.of("cat", "probe"), Map.of(), Limits.SCRIPT);
      return outcome.succeeded() && outcome.output().equals("works");
    } catch (CannotRunException e) {
      return false;
    }
  }

  /** As the other, for a command that needs no executable but its own. */
  public Outcome run(
      Map<String, String> files,
      List<String> command,
      Map<String, String> environment,
      Limits limits) {
    return run(files, List.of(command.get(0)), command, environment, limits);
  }

  /**
   * Runs a command and waits for its end.
   *
   * @param files by name, in the directory where it begins
   * @param tools executables that are needed, by name; the path leads to them
   * @param command executable and arguments
   * @param environment all of it, beside PATH, HOME, TMPDIR and LANG
   * @throws CannotRunException if it could not be started: never because of what it does
   */
  public Outcome run(
      Map<String, String> files,
      List<String> tools,
      List<String> command,
      Map<String, String> environment,
      Limits limits) {
    StringBuilder path = new StringBuilder();
    for (String tool : tools) {
      Path executable =
          Toolchains.find(tool)
              .orElseThrow(() -> new CannotRunException("there is no " + tool + " here"));
      if (Isolation.root() && !Toolchains.forEveryone(executable)) {
        throw new CannotRunException(
            "this machine's "
                + executable
                + " is closed to other users, and programs do not run as root: install it for all");
      }
      path.append(executable.getParent()).append(':');
    }
    int program = PROGRAMS.getAndIncrement();
    Path source = null;
    try {
      source = written(files);
      ProcessBuilder builder =
          new ProcessBuilder(isolation.around(command, source, limits, program))
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile());
      Map<String, String> all = builder.environment();
      all.clear();
      all.put("PATH", path + EVERYONES_PATH);
      String home = isolation == Isolation.PROCESS ? source.toString() : "/tmp";
      all.put("HOME", home);
      all.put("TMPDIR", home);
      all.put("LANG", "C.UTF-8");
      all.putAll(environment);
      if (isolation == Isolation.PROCESS) {
        builder.directory(source.toFile());
      }
      Outcome outcome = watched(builder.start(), limits);
      if (outcome.ending() == Ending.EXITED && outcome.exitCode() == SETUP_FAILED) {
        throw new CannotRunException(
            "the sandbox could not be set up: " + outcome.output().strip());
      }
      return outcome;
    } catch (IOException e) {
      throw new CannotRunException("a program could not be started: " + e.getMessage());
    } finally {
      if (source != null) {
        delete(source);
      }
    }
  }

  /** A folder that every user can read; under plain processes write, too: it is their directory. */
  private Path written(Map<String, String> files) throws IOException {
    Path folder =
        Files.createTempDirectory(
            "sandbox-",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r--r--"));
    }
    Files.setPosixFilePermissions(
        folder,
        PosixFilePermissions.fromString(
            isolation == Isolation.PROCESS && Isolation.root() ? "rwxrwxrwx" : "rwxr-xr-x"));
    return folder;
  }

  private static Outcome watched(Process process, Limits limits) {
    long start = System.nanoTime();
    Output output = new Output(process.getInputStream(), limits.outputBytes());
    Thread reader = new Thread(output, "sandbox-output");
    reader.setDaemon(true);
    reader.start();
    Set<ProcessHandle> group = new HashSet<>(); // all that were seen: those left behind, too
    Ending ending = Ending.EXITED;
    try {
      while (!process.waitFor(WATCH.toMillis(), TimeUnit.MILLISECONDS)) {
        List<ProcessHandle> now = process.descendants().toList();
        group.addAll(now);
        ending = excess(now, limits, start, output);
        if (ending != Ending.EXITED) {
          break;
        }
      }
      if (ending == Ending.EXITED) {
        reader.join(LAST_WORDS.toMillis()); // killing closes the pipe, with what is still in it
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CannotRunException("interrupted");
    } finally {
      kill(process, group);
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    if (ending == Ending.EXITED && output.exceeded()) {
      ending = Ending.OUTPUT;
    }
    int exitCode = ending == Ending.EXITED ? process.exitValue() : 128 + 9;
    // The kernel's own measures, by signals: SIGXCPU, or SIGKILL at the hard limit.
    boolean byTime = exitCode == 128 + 24 || (exitCode == 128 + 9 && ending == Ending.EXITED);
    return new Outcome(byTime ? Ending.TIME : ending, exitCode, output.text(), seconds);
  }

  private static Ending excess(
      List<ProcessHandle> group, Limits limits, long start, Output output) {
    if (output.exceeded()) {
      return Ending.OUTPUT;
    }
    if (System.nanoTime() - start > limits.wall().toNanos()) {
      return Ending.TIME;
    }
    if (group.size() > limits.processes()) {
      return Ending.PROCESSES;
    }
    long resident = group.stream().mapToLong(each -> residentBytes(each.pid())).sum();
    return resident > limits.memoryBytes() ? Ending.MEMORY : Ending.EXITED;
  }

  private static long residentBytes(long pid) {
    try {
      String[] pages = Files.readString(Path.of("/proc/" + pid + "/statm")).split(" ", -1);
      return Long.parseLong(pages[1]) * 4096;
    } catch (IOException | RuntimeException e) {
      return 0; // it has ended meanwhile
    }
  }

  /**
   * The first process of the namespace dies with its parent, and all others with it; where there
   * are no namespaces, all that descend from it are killed until none is left, and those that were
   * seen while it lived.
   */
  private static void kill(Process process, Set<ProcessHandle> seen) {
    for (int i = 0; i < 50; i++) {
      List<ProcessHandle> group = process.descendants().toList();
      group.forEach(ProcessHandle::destroyForcibly);
      if (group.isEmpty()) {
        break;
      }
    }
    seen.forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void delete(Path folder) {
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failure)
                throws IOException {
              Files.delete(directory);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads as long as the program writes, keeps the beginning, counts the rest. */
  private static final class Output implements Runnable {
    private final InputStream stream;
    private final long limit;
    private final byte[] kept = new byte[KEPT_BYTES];
    private int length;
    private long total;

    Output(InputStream stream, long limit) {
      this.stream = stream;
      this.limit = limit;
    }

    @Override
    public void run() {
      byte[] buffer = new byte[8192];
      try {
        for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
          take(buffer, n);
        }
      } catch (IOException e) {
        // The pipe is closed when the process is killed: there is no more to read.
      }
    }

    private synchronized void take(byte[] buffer, int n) {
      int fits = Math.min(n, kept.length - length);
      System.arraycopy(buffer, 0, kept, length, fits);
      length += fits;
      total += n;
    }

    synchronized boolean exceeded() {
      return total > limit;
    }

    synchronized String text() {
      return new String(kept, 0, length, StandardCharsets.UTF_8);
    }
  }
}
