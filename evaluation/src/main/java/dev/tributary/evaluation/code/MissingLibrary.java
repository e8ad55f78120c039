// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.code;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What compilers and interpreters say of a library that is not there. */
final class MissingLibrary {
  private static final List<Pattern> SAID =
      List.of(
          Pattern.compile("fatal error: ([\\w./+-]+): No such file or directory"), // g++
          Pattern.compile("Cannot find module '([^'./][^']*)'"), // Node.js
          Pattern.compile("ModuleNotFoundError: No module named '(\\w+)"),
          Pattern.compile("error: package ([\\w.]+) does not exist"), // javac
          Pattern.compile("no required module provides package ([\\w./-]+)"), // Go
          Pattern.compile("unresolved import `(\\w+)")); // rustc

  private MissingLibrary() {}

  /** Its name, if the output tells of one. */
  static Optional<String> in(String output) {
    for (Pattern pattern : SAID) {
      Matcher matcher = pattern.matcher(output);
      if (matcher.find()) {
        return Optional.of(matcher.group(1));
      }
    }
    return Optional.empty();
  }
}
