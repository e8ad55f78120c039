// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.code;

import dev.tributary.evaluation.Verdict;
import dev.tributary.evaluation.sandbox.Toolchains;
import dev.tributary.fl.config.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A language of HumanEval-X: how a task's parts make a program, as CodeGeeX's own scorer puts them
 * together ({@code codegeex/benchmark/evaluate_humaneval_x.py}), and where an answer ends ({@code
 * cleanup_code} there). NumPy, which that scorer imports into Python, is left out: no task needs
 * it.
 */
public enum Language {
  PYTHON("Python", "# language: Python") {
    @Override
    Program program(Parts task, String answer, String libraries) {
      String imports =
          """
          import math, re, sys, copy, datetime, itertools, collections, heapq, statistics
          import functools, hashlib, string, random
          from typing import *
          from collections import *
          """;
      String source = imports + task.prompt() + answer + "\n" + task.test();
      return Program.python(source, task.prompt() + task.test());
    }

    @Override
    public String cut(String answer, boolean last) {
      return cutAt(answer, last, "\ndef", "\nclass", "\nif", "\n#", "\nprint", "\nassert");
    }
  },

  CPP("CPP", "// language: C++") {
    private static final List<String> HEADERS =
        List.of(
            "stdlib.h",
            "algorithm",
            "math.h",
            "stdio.h",
            "vector",
            "string",
            "climits",
            "cstring",
            "iostream");

    @Override
    Program program(Parts task, String answer, String libraries) {
      String prompt = task.prompt();
      String headers =
          HEADERS.stream()
              .map(header -> "#include<" + header + ">")
              .filter(line -> !prompt.contains(line))
              .collect(Collectors.joining("\n"));
      String given = prompt + task.test();
      return Program.cpp(headers + "\n" + prompt + answer + "\n" + task.test(), given);
    }

    @Override
    public String cut(String answer, boolean last) {
      return toLastBrace(answer);
    }
  },

  JAVA("Java", "// language: Java") {
    @Override
    Program program(Parts task, String answer, String libraries) {
      String given = task.prompt() + task.test();
      return Program.java(task.prompt() + answer + "\n" + task.test(), given);
    }

    @Override
    public String cut(String answer, boolean last) {
      int main = answer.indexOf("public static void main");
      String text = toLastBrace(main < 0 ? answer : answer.substring(0, main) + "}");
      return count(text, '{') + 1 == count(text, '}') ? text + "\n}" : text;
    }
  },

  JAVASCRIPT("JavaScript", "// language: JavaScript") {
    @Override
    Program program(Parts task, String answer, String libraries) {
      String given = task.prompt() + task.test();
      Program program = Program.javaScript(task.prompt() + answer + "\n" + task.test(), given);
      return libraries.isEmpty()
          ? program
          : program.with(Map.of("NODE_PATH", libraries + "/js/node_modules"));
    }

    @Override
    public String cut(String answer, boolean last) {
      return toLastBrace(answer);
    }
  },

  GO("Go", "// language: Go") {
    private static final List<String> PACKAGES =
        List.of(
            "math",
            "strings",
            "fmt",
            "strconv",
            "time",
            "bytes",
            "regexp",
            "sort",
            "math/rand",
            "crypto/md5");

    @Override
    String lacks(String libraries) {
      return lacking(libraries, "go/go.mod", "Go's testify");
    }

    @Override
    Program program(Parts task, String answer, String libraries) {
      String setup = task.testSetup();
      String more =
          PACKAGES.stream()
              .filter(name -> !setup.contains("\"" + name + "\""))
              .filter(name -> answer.contains(name.substring(name.lastIndexOf('/') + 1) + "."))
              .map(name -> "    \"" + name + "\"\n")
              .collect(Collectors.joining());
      String imports = more.isEmpty() ? "" : "import (\n" + more + ")\n";
      String prompt = task.prompt().replace(task.imports(), "");
      String source = setup + "\n" + imports + "\n" + prompt + answer + "\n" + task.test();
      String folder = libraries + "/go";
      return Program.compiled(
              Map.of("main_test.go", source),
              List.of("go"),
              // Not in /tmp itself: Go passes over a go.mod there.
              ("mkdir module && mv main_test.go module && cd module && cp %1$s/go.mod %1$s/go.sum ."
                      + " && cp -R %1$s/cache /tmp/cache && go test -vet=off main_test.go")
                  .formatted(folder),
              setup)
          .with(
              Map.of(
                  "GOMODCACHE",
                  folder + "/modcache",
                  "GOCACHE",
                  "/tmp/cache",
                  "GOFLAGS",
                  "-mod=mod",
                  "GOPROXY",
                  "off",
                  "GOTELEMETRY",
                  "off",
                  "GOTOOLCHAIN",
                  "local"));
    }

    @Override
    public String cut(String answer, boolean last) {
      return toLastBrace(cutAt(answer, last, "\n//", "\nfunc main("));
    }
  },

  RUST("Rust", "// language: Rust") {
    @Override
    String lacks(String libraries) {
      return lacking(libraries, "rust/libraries", "Rust's rand, regex and md5");
    }

    @Override
    Program program(Parts task, String answer, String libraries) {
      String source =
          "#![allow(warnings)]\n" + task.declaration() + answer + "\nfn main() {}\n" + task.test();
      String folder = libraries + "/rust";
      String externs =
          List.of("rand", "regex", "md5").stream()
              .map(name -> " --extern " + name + "=" + folder + "/libraries/lib" + name + ".rlib")
              .collect(Collectors.joining());
      return Program.compiled(
              Map.of("main.rs", source),
              List.of("rustc"),
              "rustc --edition 2018 --test -o program main.rs -L dependency="
                  + folder
                  + "/libraries"
                  + externs
                  + " && ./program",
              task.declaration())
          .with(rustup());
    }

    @Override
    public String cut(String answer, boolean last) {
      return toLastBrace(answer);
    }
  };

  /**
   * What a task gives.
   *
   * @param prompt up to where the answer begins
   * @param declaration the function's head
   * @param test what calls it
   * @param imports Go: the prompt's own, which may be too many
   * @param testSetup Go: what stands in front of all
   */
  public record Parts(
      String prompt, String declaration, String test, String imports, String testSetup) {}

  private final String inIds;
  private final String tag;

  Language(String inIds, String tag) {
    this.inIds = inIds;
    this.tag = tag;
  }

  /**
   * The language of a task, by its id, e.g. {@code CPP/12}.
   *
   * @throws InputException if it names none
   */
  public static Language of(String id) {
    return Arrays.stream(values())
        .filter(language -> id.startsWith(language.inIds + "/"))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    "'task_id' is "
                        + id
                        + "; ids of HumanEval-X are "
                        + Arrays.stream(values())
                            .map(language -> language.inIds + "/0")
                            .collect(Collectors.joining(", "))));
  }

  /** The comment that names the language to a model. */
  public String tag() {
    return tag;
  }

  /**
   * The part of an answer that counts.
   *
   * @param last whether Python and Go are cut at the last of what ends them rather than the first
   */
  public abstract String cut(String answer, boolean last);

  /**
   * Runs an answer with a task's tests.
   *
   * @param libraries folder; empty for none
   */
  public Verdict judge(Parts task, String answer, String libraries) {
    String lacking = lacks(libraries);
    return lacking.isEmpty()
        ? program(task, answer, libraries).run()
        : Verdict.notRun(
            "this machine lacks "
                + lacking
                + "; see benchmarks/code_libraries.sh, and give it by"
                + " libraries=DIR");
  }

  abstract Program program(Parts task, String answer, String libraries);

  /** What every task of this language needs and the folder has not; empty if it has all. */
  String lacks(String libraries) {
    return "";
  }

  /** Where rustup keeps compilers: its {@code rustc} only leads there. */
  private static Map<String, String> rustup() {
    Path home =
        Path.of(
            Optional.ofNullable(System.getenv("RUSTUP_HOME"))
                .orElse(System.getProperty("user.home") + "/.rustup"));
    return Files.exists(home) ? Map.of("RUSTUP_HOME", home.toString()) : Map.of();
  }

  private static String lacking(String libraries, String path, String what) {
    if (libraries.isEmpty() || !Files.exists(Path.of(libraries, path))) {
      return what;
    }
    if (!Toolchains.readable(Path.of(libraries))) {
      return what + " (" + libraries + " is not open to all users)";
    }
    boolean hidden = libraries.startsWith("/tmp/") || libraries.startsWith("/dev/shm/");
    return hidden
        ? what + " (" + libraries + " is hidden from programs: they have a /tmp of their own)"
        : "";
  }

  private static String cutAt(String text, boolean last, String... ends) {
    String cut = text;
    for (String end : ends) {
      int at = last ? cut.lastIndexOf(end) : cut.indexOf(end);
      cut = at < 0 ? cut : cut.substring(0, at);
    }
    return cut;
  }

  private static String toLastBrace(String text) {
    int brace = text.lastIndexOf('}');
    return brace < 0 ? text : text.substring(0, brace + 1);
  }

  private static long count(String text, char wanted) {
    return text.chars().filter(c -> c == wanted).count();
  }
}
