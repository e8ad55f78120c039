// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.spark.Sessions;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What all commands have in common: {@code --json}, {@code --verbose}, help, the result. */
abstract class JobCommand implements Callable<Integer> {
  /**
   * What a command ends with.
   *
   * @param exitCode of the process
   * @param json keys and values of {@code --json}, beside {@code command} and {@code seconds}
   * @param text for people; may have several lines, or none
   */
  record Result(int exitCode, Map<String, ?> json, String text) {
    static Result done(Map<String, ?> json, String text) {
      return new Result(CommandLineTool.DONE, json, text);
    }
  }

  private final Console console;

  @Option(names = "--json", description = "Print the result as one JSON object on the last line.")
  private boolean json;

  @Option(names = "--verbose", description = "More logs; stack traces of errors.")
  private boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it
  private boolean help;

  @Option(
      names = "--master",
      paramLabel = "URL",
      description = "Spark cluster, or local[N]; without it spark-submit's, or this machine.")
  private @Nullable String master;

  JobCommand(Console console) {
    this.console = console;
  }

  Console console() {
    return console;
  }

  @Override
  public final Integer call() throws Exception {
    long start = System.nanoTime();
    if (verbose) {
      Configurator.setLevel("dev.tributary", Level.DEBUG);
    }
    Result result = work();
    if (json) {
      console.json(name(), (System.nanoTime() - start) / 1e9, result.json());
    } else if (!result.text().isEmpty()) {
      console.print(result.text().stripTrailing());
    }
    return result.exitCode();
  }

  /** The command's name, for {@code --json}. */
  abstract String name();

  abstract Result work() throws Exception;

  /** Whether people will read the result. */
  boolean forPeople() {
    return !json;
  }

  /** Opens a Spark session for the length of an action. */
  <T> T withSpark(int threadsPerTask, Function<SparkSession, T> action) {
    SparkSession session =
        Sessions.open("tributary " + name(), Optional.ofNullable(master), threadsPerTask);
    try {
      return action.apply(session);
    } finally {
      session.stop();
    }
  }
}
