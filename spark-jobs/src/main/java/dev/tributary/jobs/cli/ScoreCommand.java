// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.Scored;
import dev.tributary.evaluation.Scoring;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import dev.tributary.jobs.experiment.ExperimentReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code score}: scores answers that exist already, without a model. */
@Command(name = "score", description = "Score answers that exist already, without a model.")
final class ScoreCommand extends JobCommand {
  @Parameters(index = "0", paramLabel = "TASK", description = "Name of a benchmark, e.g. gsm8k.")
  private String task = "";

  @Parameters(
      index = "1..*",
      paramLabel = "KEY=VALUE",
      description = "Keys of the task, e.g. protocol=fs-llm.")
  private final List<String> keyValues = new ArrayList<>();

  @Option(
      names = "--gold",
      required = true,
      paramLabel = "P",
      description = "The benchmark's published file.")
  private String gold = "";

  @Option(
      names = "--answers",
      required = true,
      paramLabel = "P",
      description = "JSON Lines with id and answer.")
  private String answers = "";

  @Option(names = "--limit", paramLabel = "N", description = "First so many questions only.")
  private @Nullable String limit;

  @Option(names = "--out", paramLabel = "FILE", description = "Where judged answers are written.")
  private @Nullable Path out;

  ScoreCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "score";
  }

  @Override
  Result work() {
    List<String> keys = new ArrayList<>();
    keys.add(ExperimentReader.assignment("name", task));
    keys.add(ExperimentReader.assignment("path", gold));
    if (limit != null) {
      keys.add("limit=" + limit);
    }
    keys.addAll(keyValues);
    Task chosen = ExperimentReader.choose(Task.class, keys).create();
    if (!(chosen instanceof BenchmarkTask benchmark)) {
      throw new InputException(
          "Cannot score " + task + ": it is no benchmark with answers; give e.g. gsm8k");
    }
    Scored scored = Scoring.score(benchmark, BenchmarkFiles.local(), answers);
    if (out != null) {
      EvaluateCommand.writeAnswers(out, scored.answers());
    }
    Map<String, Object> json = new LinkedHashMap<>(Results.figure(scored.figure()));
    json.put("answers", out == null ? answers : out.toString());
    json.put("figures", scored.figures().stream().map(Results::figure).toList());
    return Result.done(
        json, scored.figures().stream().map(Results::text).collect(Collectors.joining("\n")));
  }
}
