// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.Batches;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.DType;
import dev.tributary.jobs.EvaluateJob;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentFile;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.experiment.InputCheck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code evaluate}: answers and scores. */
@Command(
    name = "evaluate",
    description = {
      "Evaluate the run of FILE by its tasks, or any checkpoint by one benchmark:",
      "  evaluate FILE [KEY=VALUE...]",
      "  evaluate --checkpoint DIR [--adapter DIR] --task NAME --path P [KEY=VALUE...]",
      "KEY=VALUE sets keys of FILE, or of the task (e.g. prompts=template).",
    })
final class EvaluateCommand extends JobCommand {
  @Parameters(arity = "0..*", paramLabel = "FILE | KEY=VALUE", description = "See above.")
  private final List<String> given = new ArrayList<>();

  @Option(
      names = "--checkpoint",
      paramLabel = "DIR",
      description = "Hugging Face directory, or a model's name on a hub: org/model.")
  private @Nullable String checkpoint;

  @Option(names = "--adapter", paramLabel = "DIR", description = "PEFT directory.")
  private @Nullable String adapter;

  @Option(names = "--task", paramLabel = "NAME", description = "Name of a benchmark, e.g. gsm8k.")
  private @Nullable String task;

  @Option(names = "--path", paramLabel = "P", description = "The benchmark's published file.")
  private @Nullable String path;

  @Option(
      names = "--template",
      paramLabel = "T",
      description = "For zero-shot prompts: alpaca (unless given), none, chat or a file.")
  private @Nullable String template;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Where answers are written as JSON Lines; for FILE see 'output' there.")
  private @Nullable Path out;

  @Option(
      names = "--cache",
      paramLabel = "DIR",
      description =
          "Keep answers there and ask nothing twice; a run keeps its own in its directory.")
  private @Nullable Path cache;

  @Option(names = "--limit", paramLabel = "N", description = "Ask so many questions only.")
  private @Nullable String limit;

  @Option(names = "--shots", paramLabel = "N", description = "Worked examples before a question.")
  private @Nullable String shots;

  @Option(names = "--new-tokens", paramLabel = "N", description = "Longest answer in tokens.")
  private @Nullable String newTokens;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of worked examples' order: the key 'order-seed' of all tasks that have it.")
  private @Nullable String seed;

  @Option(names = "--dtype", paramLabel = "TYPE", description = "float32, bfloat16 or float16.")
  private @Nullable String dtype;

  @Option(names = "--batch", paramLabel = "N", description = "Prompts answered at once.")
  private @Nullable String batch;

  @Option(names = "--threads", paramLabel = "N", description = "Computing threads of a task.")
  private @Nullable String threads;

  @Option(
      names = "--max-not-run",
      paramLabel = "SHARE",
      description = "Share of questions that may fail before the score is refused.")
  private @Nullable String maxNotRun;

  /** Settings that have the same checks as an experiment file's. */
  record Settings(
      @Default("float32") DType dtype,
      @Default("64") int batch,
      @Default("1") int threads,
      @Default("0.01") double maxNotRun) {
    Settings {}
  }

  EvaluateCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "evaluate";
  }

  @Override
  Result work() {
    boolean hasFile = !given.isEmpty() && !given.get(0).contains("=");
    if (hasFile == (checkpoint != null)) {
      throw new InputException(
          "Cannot tell what to evaluate: give either an experiment file, or --checkpoint with"
              + " --task and --path");
    }
    return hasFile ? run() : checkpoint();
  }

  private Result run() {
    Map<String, @Nullable String> ofCheckpoints = new LinkedHashMap<>();
    ofCheckpoints.put("--adapter", adapter);
    ofCheckpoints.put("--task", task);
    ofCheckpoints.put("--path", path);
    ofCheckpoints.put("--template", template);
    ofCheckpoints.put("--batch", batch);
    ofCheckpoints.put("--cache", cache == null ? null : cache.toString());
    ofCheckpoints.forEach(
        (option, value) -> {
          if (value != null) {
            throw new InputException(
                option
                    + " goes with --checkpoint, not with an experiment file; set its keys by"
                    + " KEY=VALUE, e.g. evaluation.tasks[0].limit=20");
          }
        });
    ExperimentFile file = readFile();
    InputCheck.check(file);
    Experiment experiment = file.experiment();
    if (experiment.evaluation().tasks().isEmpty()) {
      throw new InputException(
          given.get(0)
              + " names no tasks to evaluate by; add some, e.g. evaluation.tasks=[{name: loss,"
              + " split: validation}]");
    }
    EvaluateJob.Result result =
        withSpark(
            experiment.training().threadsPerClient(),
            session -> EvaluateJob.run(session, experiment, console().progress()));
    return result(result, Optional.of(experiment.output() + "/tables/answers"));
  }

  private ExperimentFile readFile() {
    List<String> overrides = new ArrayList<>(given.subList(1, given.size()));
    add(overrides, "model.dtype", dtype);
    add(overrides, "training.threads-per-client", threads);
    add(overrides, "evaluation.max-not-run", maxNotRun);
    return ExperimentOptions.withTasks(given.get(0), overrides, taskKeys());
  }

  private Map<String, @Nullable String> taskKeys() {
    Map<String, @Nullable String> keys = new LinkedHashMap<>();
    keys.put("limit", limit);
    keys.put("shots", shots);
    keys.put("new-tokens", newTokens);
    keys.put("order-seed", seed); // not the experiment's, which would make it another run
    return keys;
  }

  private Result checkpoint() {
    if (task == null || path == null || checkpoint == null) {
      throw new InputException(
          "Cannot evaluate a checkpoint without a benchmark: give --task NAME and --path FILE");
    }
    List<String> keys = new ArrayList<>();
    keys.add(ExperimentReader.assignment("name", task));
    keys.add(ExperimentReader.assignment("path", path));
    taskKeys().forEach((key, value) -> add(keys, key, value));
    keys.addAll(given);
    Choice<Task> choice = ExperimentReader.choose(Task.class, keys);
    List<String> numbers = new ArrayList<>();
    add(numbers, "dtype", dtype);
    add(numbers, "batch", batch);
    add(numbers, "threads", threads);
    add(numbers, "max-not-run", maxNotRun);
    Settings settings = ExperimentReader.fill(Settings.class, numbers);
    EvaluateJob.Request request =
        new EvaluateJob.Request(
            checkpoint,
            Optional.ofNullable(adapter),
            settings.dtype(),
            choice,
            template == null ? "alpaca" : template,
            settings.threads(),
            Batches.of(settings.batch()),
            Optional.ofNullable(cache),
            settings.maxNotRun());
    return result(
        withSpark(
            settings.threads(), session -> EvaluateJob.run(session, request, console().progress())),
        Optional.empty());
  }

  private static void add(List<String> keys, String key, @Nullable String value) {
    if (value != null) {
      keys.add(key + "=" + value);
    }
  }

  private Result result(EvaluateJob.Result result, Optional<String> table) {
    Optional<String> answers = table;
    if (out != null) {
      writeAnswers(out, result.answers());
      answers = Optional.of(out.toString());
    }
    List<Map<String, Object>> figures =
        result.figures().stream().filter(f -> f.client().isEmpty()).map(Results::figure).toList();
    // The benchmark's score, where there is one; all figures stand under 'figures'.
    EvaluationRow main =
        result.figures().stream()
            .filter(figure -> figure.client().isEmpty())
            .filter(figure -> !figure.metric().startsWith("loss"))
            .findFirst()
            .or(() -> result.figures().stream().findFirst())
            .orElseThrow(
                () ->
                    new InputException(
                        "There is nothing to evaluate: no client has held-out examples"));
    Map<String, Object> json = new LinkedHashMap<>(Results.figure(main));
    json.put("answers", answers);
    json.put("figures", figures);
    String text =
        result.figures().stream().map(Results::text).collect(Collectors.joining("\n"))
            + answers.map(place -> "\nAnswers lie in " + place).orElse("");
    return Result.done(json, text);
  }

  static void writeAnswers(Path file, List<AnswerRow> answers) {
    Path absolute = file.toAbsolutePath();
    Path temporary = absolute.resolveSibling("." + absolute.getFileName() + ".tmp");
    try {
      if (absolute.getParent() != null) {
        Files.createDirectories(absolute.getParent());
      }
      List<String> lines = new ArrayList<>();
      for (AnswerRow answer : answers) {
        lines.add(Console.line(Results.answer(answer)));
      }
      Files.write(temporary, lines);
      Files.move(temporary, absolute, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write answers to " + file, e);
    }
  }
}
