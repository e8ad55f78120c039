// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.code;

import dev.tributary.evaluation.Verdict;
import dev.tributary.evaluation.sandbox.Limits;
import dev.tributary.evaluation.sandbox.Sandbox;
import dev.tributary.evaluation.sandbox.Toolchains;
import dev.tributary.fl.ledger.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A function with its tests, ready to be run: it passes if all of it runs to its end without an
 * error.
 *
 * @param files by name
 * @param tools executables that are needed
 * @param command what is run, in a directory with the files
 * @param environment beside the sandbox's own
 * @param limits of all of it
 * @param lastLine that its output must end with, so that leaving early does not pass; empty where
 *     the tests themselves see to that
 * @param given the parts that the benchmark gives: a library that these name and the machine lacks
 *     is no fault of the answer
 */
public record Program(
    Map<String, String> files,
    List<String> tools,
    List<String> command,
    Map<String, String> environment,
    Limits limits,
    String lastLine,
    String given) {
  private static final int SHOWN = 200;

  /**
   * A Python script.
   *
   * @param source all of it, tests at its end
   * @param given the benchmark's parts
   */
  public static Program python(String source, String given) {
    String end = "passed " + Sha256.of(source.getBytes(StandardCharsets.UTF_8)).substring(0, 16);
    return new Program(
        Map.of("program.py", source + "\nprint('\\n" + end + "')\n"),
        List.of("python3"),
        List.of("python3", "-I", "program.py"),
        Map.of(),
        Limits.SCRIPT,
        end,
        given);
  }

  /**
   * C++ with tests in {@code main}; NDEBUG is not set, so a failed {@code assert} aborts.
   *
   * @param source all of it
   */
  public static Program cpp(String source, String given) {
    String libraries = source.contains("openssl/") ? " -lcrypto" : "";
    return compiled(
        Map.of("program.cpp", source),
        List.of("g++"),
        "g++ -std=c++11 -w -o program program.cpp" + libraries + " && ./program",
        given);
  }

  /** Java with tests in {@code Main.main}. */
  public static Program java(String source, String given) {
    return compiled(
        Map.of("Main.java", source),
        List.of("javac", "java"),
        "javac -J-Xss8m -J-XX:TieredStopAtLevel=1 -nowarn -encoding UTF-8 Main.java"
            + " && java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx512m -Xss16m -ea -cp . Main",
        given);
  }

  /**
   * JavaScript for Node.js, which only prints where a {@code console.assert} does not hold: here it
   * ends the script.
   */
  public static Program javaScript(String source, String given) {
    String strict =
        "console.assert = (holds, ...what) => {"
            + " if (!holds) { throw new Error(['assertion failed', ...what].join(' ')); } };\n";
    return new Program(
        Map.of("program.js", strict + source),
        List.of("node"),
        List.of("node", "program.js"),
        Map.of(),
        Limits.COMPILED,
        "",
        given);
  }

  static Program compiled(
      Map<String, String> files, List<String> tools, String shell, String given) {
    return new Program(
        files, tools, List.of("sh", "-c", shell), Map.of(), Limits.COMPILED, "", given);
  }

  /** The same with further environment. */
  Program with(Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(environment);
    all.putAll(more);
    return new Program(files, tools, command, all, limits, lastLine, given);
  }

  /**
   * Runs it.
   *
   * @return right or wrong, with a few words on why; not run where this machine lacks a tool or a
   *     library
   */
  public Verdict run() {
    List<String> missing = new ArrayList<>();
    for (String tool : tools) {
      if (Toolchains.find(tool).isEmpty()) {
        missing.add(tool);
      }
    }
    if (!missing.isEmpty()) {
      return Verdict.notRun("this machine has no " + String.join(", ", missing));
    }
    Sandbox.Outcome outcome;
    try {
      outcome = Sandbox.ofThisMachine().run(files, tools, command, environment, limits);
    } catch (Sandbox.CannotRunException e) {
      return Verdict.notRun(String.valueOf(e.getMessage()));
    }
    if (outcome.succeeded()
        && (lastLine.isEmpty() || outcome.output().stripTrailing().endsWith(lastLine))) {
      return new Verdict(Optional.of("passed"), 1);
    }
    return missingLibrary(outcome.output())
        .map(library -> Verdict.notRun("this machine lacks the library " + library))
        .orElseGet(() -> new Verdict(Optional.of("failed: " + why(outcome)), 0));
  }

  /** What contained the programs, for the notice of a score. */
  public static List<String> remarks() {
    try {
      return List.of("programs ran in " + Sandbox.ofThisMachine().isolation().description());
    } catch (Sandbox.CannotRunException e) {
      return List.of(); // the questions say so themselves
    }
  }

  private Optional<String> missingLibrary(String output) {
    return MissingLibrary.in(output).filter(given::contains);
  }

  private static String why(Sandbox.Outcome outcome) {
    return switch (outcome.ending()) {
      case TIME -> "it ran out of time";
      case MEMORY -> "it took too much memory";
      case PROCESSES -> "it started too many processes";
      case OUTPUT -> "it wrote without end";
      case EXITED -> {
        String said = outcome.output().strip();
        String last = said.substring(said.lastIndexOf('\n') + 1);
        yield outcome.exitCode() == 0
            ? "it ended before its tests did"
            : last.isEmpty()
                ? "exit code " + outcome.exitCode()
                : last.substring(0, Math.min(last.length(), SHOWN));
      }
    };
  }
}
