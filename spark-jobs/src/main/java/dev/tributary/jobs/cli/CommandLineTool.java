// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.util.ShutdownHookManager;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Finds the command, runs it, and says in one message what went wrong. Exit codes: 0 done, 1
 * failed, 2 the input is wrong. A command is a class with a {@code @Command} and an entry in {@link
 * #COMMANDS}.
 */
@Command(
    name = "tributary",
    description = "Fine-tunes large language models across federated data, on Apache Spark.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    usageHelpAutoWidth = true)
public final class CommandLineTool implements Runnable {
  static final int DONE = 0;
  static final int FAILED = 1;
  static final int WRONG_INPUT = 2;

  /** In the order of the help text. */
  private static final List<Class<?>> COMMANDS =
      List.of(
          RunCommand.class,
          PrepareCommand.class,
          TrainCommand.class,
          EvaluateCommand.class,
          ScoreCommand.class,
          ReportCommand.class,
          CompareCommand.class,
          ValidateCommand.class,
          PlanCommand.class,
          GenerateCommand.class,
          BenchCommand.class,
          ParityCommand.class,
          ExportCommand.class,
          HelpCommand.class);

  @Spec private @org.jspecify.annotations.Nullable CommandSpec spec;

  private CommandLineTool() {}

  /**
   * Runs a command.
   *
   * @param out takes results: text for people, or one JSON object on its last line
   * @param err takes progress, logs and messages
   * @return the exit code
   */
  public static int run(String[] args, PrintStream out, PrintStream err) {
    CommandLine commandLine = new CommandLine(new CommandLineTool());
    Console console = new Console(out, err);
    for (Class<?> command : COMMANDS) {
      commandLine.addSubcommand(create(command, console));
    }
    commandLine
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setOut(new PrintWriter(out, true, Charset.defaultCharset()))
        .setErr(new PrintWriter(err, true, Charset.defaultCharset()))
        .setParameterExceptionHandler((e, given) -> refuse(e))
        .setExecutionExceptionHandler((e, command, result) -> fail(e, result, err));
    try {
      return commandLine.execute(args);
    } catch (Error e) { // picocli hands on exceptions only
      return report(e, Arrays.asList(args).contains("--verbose"), err);
    }
  }

  private static Object create(Class<?> command, Console console) {
    try {
      return JobCommand.class.isAssignableFrom(command)
          ? command.getDeclaredConstructor(Console.class).newInstance(console)
          : command.getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Cannot make the command " + command, e);
    }
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new ParameterException(spec.commandLine(), "Which command? Give one of those below");
    }
  }

  /** A command that was mistyped, or lacks something. */
  private static int refuse(ParameterException e) {
    CommandLine commandLine = e.getCommandLine();
    PrintWriter err = commandLine.getErr();
    err.println(e.getMessage());
    boolean suggested =
        UnmatchedArgumentException.printSuggestions(e, err)
            || e instanceof MissingParameterException;
    boolean top = commandLine.getParent() == null;
    if (top && !suggested) {
      commandLine.usage(err);
    } else {
      err.println("See 'tributary help" + (top ? "'" : " " + commandLine.getCommandName() + "'"));
    }
    err.flush();
    return WRONG_INPUT;
  }

  private static int fail(Exception e, ParseResult result, PrintStream err) {
    ParseResult last = result;
    while (last.hasSubcommand()) {
      last = last.subcommand();
    }
    boolean verbose = last.matchedOptionValue("--verbose", false);
    return report(e, verbose, err);
  }

  private static int report(Throwable thrown, boolean verbose, PrintStream err) {
    if (ShutdownHookManager.get().isShutdownInProgress()) {
      return FAILED; // Ctrl-C or kill: what fails now fails because Spark is stopped
    }
    Failure failure = Failure.of(thrown);
    err.println(failure.message());
    if (verbose) {
      thrown.printStackTrace(err);
    } else if (failure.isUnexpected()) {
      err.println("(--verbose shows where in the program)");
    }
    return failure.exitCode();
  }
}
