// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.fl.config.InputException;
import dev.tributary.jobs.table.ClientRow;
import dev.tributary.jobs.table.RoundRow;
import dev.tributary.jobs.table.RunRow;
import dev.tributary.jobs.table.RunTables;
import dev.tributary.jobs.table.Table;
import dev.tributary.jobs.table.Tables;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * What is known of a run; of one that is not finished, what its tables say so far.
 *
 * @param directory as the user named it
 * @param runId empty text before the first table is written
 * @param experiment its name, or the directory's before the first table is written
 * @param run empty before the first table is written
 * @param rounds by number
 * @param clients by round and number
 * @param evaluations by round
 * @param answers by round
 * @param experimentYaml the experiment file as run
 */
public record RunContents(
    String directory,
    String runId,
    String experiment,
    Optional<RunRow> run,
    List<RoundRow> rounds,
    List<ClientRow> clients,
    List<EvaluationRow> evaluations,
    List<AnswerRow> answers,
    Optional<String> experimentYaml) {
  public RunContents {
    rounds = rounds.stream().sorted(Comparator.comparingInt(RoundRow::round)).toList();
    clients =
        clients.stream()
            .sorted(Comparator.comparingInt(ClientRow::round).thenComparingInt(ClientRow::client))
            .toList();
    evaluations =
        evaluations.stream().sorted(Comparator.comparingInt(EvaluationRow::round)).toList();
    answers = answers.stream().sorted(Comparator.comparingInt(AnswerRow::round)).toList();
  }

  /**
   * Reads a run directory.
   *
   * @throws InputException if it is none
   */
  public static RunContents read(SparkSession session, String directory) {
    Optional<String> yaml = experimentYaml(session, directory);
    RunTables tables = new RunTables(session, directory);
    List<Table.Stored<RunRow>> runs = tables.read(Tables.RUNS);
    if (runs.isEmpty() && yaml.isEmpty()) {
      throw new InputException(
          "Cannot report on "
              + directory
              + ": it is no run directory, as it has neither experiment.yaml nor tables; give the"
              + " 'output' of an experiment file");
    }
    Optional<Table.Stored<RunRow>> run = runs.stream().findFirst();
    return new RunContents(
        directory,
        run.map(Table.Stored::subject).orElse(""),
        run.map(Table.Stored::experiment).orElse(new Path(directory).getName()),
        run.map(Table.Stored::values),
        values(tables, Tables.ROUNDS),
        values(tables, Tables.CLIENTS),
        values(tables, Tables.EVALUATIONS),
        values(tables, Tables.ANSWERS),
        yaml);
  }

  private static <R extends Record> List<R> values(RunTables tables, Table<R> table) {
    return tables.read(table).stream().map(Table.Stored::values).toList();
  }

  private static Optional<String> experimentYaml(SparkSession session, String directory) {
    try {
      FileSystem files = Reports.files(session, directory);
      try (InputStream in = files.open(new Path(directory, "experiment.yaml"))) {
        return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      }
    } catch (FileNotFoundException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + directory + ": " + e.getMessage(), e);
    }
  }

  /** The round whose adapter is the result; the last measured one of a run that is not finished. */
  public OptionalInt chosenRound() {
    Optional<Integer> chosen = run.flatMap(RunRow::chosenRound);
    return chosen.isPresent()
        ? OptionalInt.of(chosen.get())
        : evaluations.stream().mapToInt(EvaluationRow::round).filter(r -> r > 0).max();
  }

  boolean isFinished() {
    return run.flatMap(RunRow::finishedAt).isPresent();
  }

  /** How far it is, in words. */
  String state() {
    if (run.isEmpty()) {
      return "has begun; no round has been measured yet, so there is nothing to show";
    }
    RunRow row = run.get();
    return isFinished()
        ? "finished: " + row.committedRounds() + " rounds"
        : "not finished: "
            + row.committedRounds()
            + " of "
            + row.rounds()
            + " rounds when its tables were last written";
  }

  /** What the experiment file wants said with the results. */
  Optional<String> note() {
    return experimentYaml
        .map(text -> new Yaml(new SafeConstructor(new LoaderOptions())).<Object>load(text))
        .filter(Map.class::isInstance)
        .flatMap(file -> Optional.ofNullable(((Map<?, ?>) file).get("note")))
        .map(Object::toString);
  }

  /** How to make it again. */
  String commandToRepeat() {
    return "./tributary run "
        + directory.replaceAll("/+$", "")
        + "/experiment.yaml --out "
        + directory.replaceAll("/+$", "")
        + "-again";
  }
}
