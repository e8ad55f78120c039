// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What stands between a program and this machine. Where this process is root's, a program always
 * runs under a user id that owns nothing.
 */
public enum Isolation {
  /** bubblewrap: namespaces of its own for everything, all files read-only. */
  BUBBLEWRAP("bubblewrap: no network, all files read-only"),
  /** The same from util-linux. */
  NAMESPACES("namespaces by unshare: no network, all files read-only"),
  /** Limits, and what it has started is killed at the end. */
  PROCESS("a process with limits only: network and files of its user are within its reach");

  /** User ids of programs start here where we are root: nobody's, and each program has its own. */
  private static final int FIRST_USER_ID = 1_900_000_000;

  private static final int USER_IDS = 4096;
  private static final String SETUP = resource("namespaces.sh");

  private final String description;

  Isolation(String description) {
    this.description = description;
  }

  /** For people, as scores tell it. */
  public String description() {
    return description;
  }

  /**
   * The command line that runs a command isolated.
   *
   * @param source folder that is copied where the command begins
   * @param program which of the programs of this JVM it is: as root, decides the user id
   */
  List<String> around(List<String> command, Path source, Limits limits, int program) {
    String user = root() ? "" + (FIRST_USER_ID + program % USER_IDS) : "own";
    List<String> line = new ArrayList<>();
    // Ends it even if this JVM does not live to do so.
    line.addAll(List.of("timeout", "-s", "KILL", "" + (limits.wall().toSeconds() + 10)));
    switch (this) {
      case BUBBLEWRAP -> {
        line.addAll(dropped(user));
        line.addAll(List.of("bwrap", "--unshare-all", "--die-with-parent", "--new-session"));
        line.addAll(List.of("--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev"));
        line.addAll(List.of("--proc", "/proc", "--remount-ro", "/proc"));
        line.addAll(List.of("--size", "" + limits.diskBytes()));
        line.addAll(List.of("--tmpfs", "/tmp", "--ro-bind", source.toString(), "/mnt"));
        line.addAll(
            List.of("--chdir", "/tmp", "sh", "-c", "cp -R /mnt/. . && exec \"$@\"", "sandbox"));
      }
      case NAMESPACES -> {
        line.add("unshare");
        if (!root()) {
          line.addAll(List.of("--user", "--map-root-user"));
        }
        line.addAll(List.of("--mount", "--pid", "--net", "--ipc", "--uts", "--fork"));
        line.addAll(List.of("--kill-child", "sh", "-c", SETUP, "sandbox"));
        line.addAll(List.of(source.toString(), "" + limits.diskBytes(), user));
      }
      case PROCESS -> {
        line.addAll(List.of("setsid", "--wait"));
        line.addAll(dropped(user));
      }
    }
    line.addAll(List.of("prlimit", "--core=0", "--fsize=" + limits.fileBytes()));
    line.add("--cpu=" + Math.max(1, limits.cpu().toSeconds()));
    // Counted by user: of a user id that is its alone, or of ours, with what runs already.
    line.add("--nproc=" + (limits.processes() + (root() ? 0 : tasksOfThisUser())));
    line.addAll(command);
    return line;
  }

  /** As root, what gives up its rights: the kernel limits no process of root's. */
  private static List<String> dropped(String user) {
    return root()
        ? List.of("setpriv", "--reuid", user, "--regid", user, "--clear-groups")
        : List.of();
  }

  private static long tasksOfThisUser() {
    String user = ProcessHandle.current().info().user().orElse("");
    return ProcessHandle.allProcesses()
        .filter(process -> process.info().user().map(user::equals).orElse(false))
        .mapToLong(process -> threads(process.pid()))
        .sum();
  }

  private static long threads(long pid) {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
      return tasks.count();
    } catch (IOException | UncheckedIOException e) {
      return 0; // it has ended meanwhile
    }
  }

  /** The strongest first. */
  static List<Isolation> inOrder() {
    return root()
        ? List.of(NAMESPACES, BUBBLEWRAP, PROCESS)
        : List.of(BUBBLEWRAP, NAMESPACES, PROCESS);
  }

  static boolean root() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    } catch (IOException | UnsupportedOperationException e) {
      return false; // no Linux: then nothing here works, and the probe says so
    }
  }

  private static String resource(String name) {
    try (InputStream bytes = Isolation.class.getResourceAsStream(name)) {
      if (bytes == null) {
        throw new IllegalStateException("The jar lacks " + name);
      }
      return new String(bytes.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
