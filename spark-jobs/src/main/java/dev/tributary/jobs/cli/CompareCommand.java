// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.JsonLines;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.compare.PairedComparison;
import dev.tributary.evaluation.compare.Scores;
import dev.tributary.fl.config.InputException;
import dev.tributary.jobs.report.RunContents;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code compare}: two runs, or two ways with several seeds each, question by question. */
@Command(
    name = "compare",
    description = {
      "Paired difference of two runs with interval and test, and the questions that flipped.",
      "RUN is a run directory, or judged answers as evaluate and score write them (--out);",
      "several seeds of a way are given as RUN,RUN,...: pairs are those at the same place.",
    })
final class CompareCommand extends JobCommand {
  private static final int FLIPS_SHOWN = 20;

  @Parameters(
      arity = "2",
      paramLabel = "RUN",
      description = "The first, and what it is compared with.")
  private final List<String> runs = new ArrayList<>();

  @Option(
      names = "--task",
      paramLabel = "T",
      description = "Label of a benchmark; needed where the runs have answers of several.")
  private @Nullable String task;

  @Option(
      names = "--round",
      paramLabel = "N",
      description = "Answers after this round; those of the chosen round unless given.")
  private @Nullable Integer round;

  @Option(
      names = "--adapter",
      paramLabel = "NAME",
      defaultValue = Measured.GLOBAL,
      description = "global (unless given), or client=K.")
  private String adapter = Measured.GLOBAL;

  CompareCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "compare";
  }

  @Override
  Result work() {
    List<String> first = List.of(runs.get(0).split(",", -1));
    List<String> second = List.of(runs.get(1).split(",", -1));
    List<String> all = new ArrayList<>(first);
    all.addAll(second);
    boolean filesOnly = all.stream().allMatch(run -> Files.isRegularFile(Path.of(run)));
    return filesOnly
        ? compared(first, second, Optional.empty())
        : withSpark(1, session -> compared(first, second, Optional.of(session)));
  }

  private Result compared(List<String> first, List<String> second, Optional<SparkSession> session) {
    PairedComparison found =
        PairedComparison.of(
            first.stream().map(run -> scores(run, session)).toList(),
            second.stream().map(run -> scores(run, session)).toList());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("task", task == null ? "" : task);
    json.put("first", found.first());
    json.put("second", found.second());
    json.put("first_deviation", found.firstDeviation());
    json.put("second_deviation", found.secondDeviation());
    json.put("difference", found.difference());
    json.put("interval", List.of(found.interval().low(), found.interval().high()));
    json.put("test", found.test());
    json.put("p_value", found.pValue());
    json.put("questions", found.questions());
    json.put("only_first", found.onlyFirst());
    json.put("only_second", found.onlySecond());
    json.put("seeds", first.size());
    json.put("flips", found.flips());
    return Result.done(json, text(found, first.size()));
  }

  private Scores scores(String run, Optional<SparkSession> session) {
    if (Files.isRegularFile(Path.of(run))) {
      return judged(run);
    }
    RunContents contents = RunContents.read(session.orElseThrow(), run);
    OptionalInt chosen = round == null ? contents.chosenRound() : OptionalInt.of(round);
    List<AnswerRow> answers =
        contents.answers().stream()
            .filter(answer -> chosen.isPresent() && answer.round() == chosen.getAsInt())
            .filter(answer -> answer.adapter().equals(adapter))
            .toList();
    Set<String> tasks = new TreeSet<>();
    answers.forEach(answer -> tasks.add(answer.task()));
    if (tasks.isEmpty()) {
      throw new InputException(
          "Cannot compare "
              + run
              + ": it has no answers of "
              + adapter
              + (chosen.isPresent() ? " after round " + chosen.getAsInt() : "")
              + "; evaluate it by a benchmark first");
    }
    if (task == null && tasks.size() > 1) {
      throw new InputException(
          "Cannot tell what to compare: " + run + " has answers of " + tasks + "; give --task");
    }
    if (task != null && !tasks.contains(task)) {
      throw new InputException(
          "Cannot compare by " + task + ": " + run + " has answers of " + tasks);
    }
    return Scores.of(
        run,
        answers.stream().filter(answer -> task == null || answer.task().equals(task)).toList());
  }

  private static Scores judged(String file) {
    Map<String, List<Double>> samples = new LinkedHashMap<>();
    JsonLines.read(
        BenchmarkFiles.local(),
        file,
        line -> {
          JsonNode score = line.fields().path("score");
          String id = line.textOrNumber("id");
          if (score.isMissingNode() || !(score.isNumber() || score.isNull())) {
            throw new InputException(
                "'score' is missing: compare takes judged answers; score TASK --gold P --answers P"
                    + " --out FILE writes them");
          }
          if (score.isNumber()) {
            samples.computeIfAbsent(id, i -> new ArrayList<>()).add(score.doubleValue());
          }
          return id;
        });
    Map<String, Double> means = new LinkedHashMap<>();
    samples.forEach(
        (id, scores) ->
            means.put(
                id, scores.stream().mapToDouble(Double::doubleValue).average().orElseThrow()));
    return new Scores(file, means);
  }

  private String text(PairedComparison found, int seeds) {
    String deviations =
        seeds == 1
            ? ""
            : String.format(
                Locale.ROOT,
                " (deviations over %d seeds: %.4f, %.4f)",
                seeds,
                found.firstDeviation(),
                found.secondDeviation());
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%.4f against %.4f%s on %d questions%n",
            found.first(),
            found.second(),
            deviations,
            found.questions()));
    text.append(
        String.format(
            Locale.ROOT,
            "Difference %+.4f [%+.4f, %+.4f]; %s: p = %.4g%n",
            found.difference(),
            found.interval().low(),
            found.interval().high(),
            found.test(),
            found.pValue()));
    if (found.onlyFirst() + found.onlySecond() > 0) {
      text.append(
          String.format(
              Locale.ROOT,
              "Left out: %d questions that only the first answered, %d only the second%n",
              found.onlyFirst(),
              found.onlySecond()));
    }
    text.append(found.flips().size()).append(" questions flipped");
    found.flips().stream()
        .limit(FLIPS_SHOWN)
        .forEach(
            flip ->
                text.append(
                    String.format(
                        Locale.ROOT,
                        "%n  %s%s: %.3f -> %.3f",
                        flip.id(),
                        seeds == 1 ? "" : " (pair " + (flip.block() + 1) + ")",
                        flip.first(),
                        flip.second())));
    int more = found.flips().size() - FLIPS_SHOWN;
    return text + (more > 0 ? "\n  and " + more + " more; --json has all" : "");
  }
}
