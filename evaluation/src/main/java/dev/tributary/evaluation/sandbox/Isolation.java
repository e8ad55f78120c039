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

/** What stands between a program and this machine, the strongest first. */
public enum Isolation {
  /** bubblewrap: namespaces of its own for everything, all files read-only. */
  BUBBLEWRAP("bubblewrap: own namespaces, no network, all files read-only"),
  /** The same from util-linux; as root, under a user id that owns nothing. */
  NAMESPACES("unshare: own namespaces, no network, all files read-only"),
  /** Another user id (as root) or this one, limits, and its process group killed at the end. */
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
   * @param program which of the programs of this JVM it is: decides the user id
   * @param unprivileged whether another user id is taken; only as root, and only for executables
   *     that others may run
   */
  List<String> around(
      List<String> command, Path source, Limits limits, int program, boolean unprivileged) {
    String user = unprivileged ? "" + (FIRST_USER_ID + program % USER_IDS) : "own";
    List<String> line = new ArrayList<>();
    // Ends it even if this JVM does not live to do so.
    line.addAll(List.of("timeout", "-s", "KILL", "" + (limits.wall().toSeconds() + 10)));
    switch (this) {
      case BUBBLEWRAP -> {
        line.addAll(List.of("bwrap", "--unshare-all", "--die-with-parent", "--new-session"));
        if (unprivileged) {
          line.addAll(List.of("--unshare-user", "--uid", user, "--gid", user));
        }
        line.addAll(List.of("--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev"));
        line.addAll(List.of("--proc", "/proc", "--size", "" + limits.diskBytes()));
        line.addAll(List.of("--tmpfs", "/tmp", "--ro-bind", source.toString(), "/mnt"));
        line.addAll(List.of("--chdir", "/tmp", "sh", "-c", "cp -R /mnt/. . && \"$@\"", "sandbox"));
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
        if (unprivileged) {
          line.addAll(List.of("setpriv", "--reuid", user, "--regid", user, "--clear-groups"));
          line.add("--no-new-privs");
        }
      }
    }
    line.addAll(List.of("prlimit", "--core=0", "--fsize=" + limits.fileBytes()));
    line.add("--cpu=" + Math.max(1, limits.cpu().toSeconds()));
    if (unprivileged && this != BUBBLEWRAP) {
      line.add("--nproc=" + limits.processes()); // counted by user id, which is its alone
    }
    line.addAll(command);
    return line;
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
