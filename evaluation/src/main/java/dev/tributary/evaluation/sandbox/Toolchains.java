// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Compilers and interpreters of this machine. */
public final class Toolchains {
  private Toolchains() {}

  /**
   * Finds an executable as a shell does; one that every user may run goes first, so that it can run
   * under a user id that owns nothing.
   *
   * @param name on the path, or an absolute path
   */
  public static Optional<Path> find(String name) {
    if (name.startsWith("/")) {
      return Optional.of(Path.of(name)).filter(Files::isExecutable);
    }
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin");
    List<Path> found = new ArrayList<>();
    Arrays.stream(path.split(":", -1))
        .filter(folder -> folder.startsWith("/"))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .filter(Files::isRegularFile)
        .forEach(found::add);
    return found.stream()
        .filter(Toolchains::forEveryone)
        .findFirst()
        .or(() -> found.stream().findFirst());
  }

  /**
   * Whether programs in a sandbox can read a folder: as root they run under another user id, which
   * needs every folder on the way open to all.
   */
  public static boolean readable(Path folder) {
    return !Isolation.root() || forEveryone(folder);
  }

  /** Whether any user may run it: the file, and every folder on the way to what it links to. */
  static boolean forEveryone(Path executable) {
    try {
      for (Path at = executable.toRealPath(); at != null; at = at.getParent()) {
        if (!Files.getPosixFilePermissions(at).contains(PosixFilePermission.OTHERS_EXECUTE)) {
          return false;
        }
      }
      return true;
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }
}
