// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.Task;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.adapter.Placement;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.Fault;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.hub.Extent;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ConfigJson;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.ModelFamily;
import dev.tributary.fl.round.RoundOrder;
import dev.tributary.fl.text.PromptTemplate;
import dev.tributary.fl.text.PromptTemplates;
import dev.tributary.fl.text.Tokenizer;
import dev.tributary.fl.training.TrainingConfig;
import dev.tributary.jobs.checkpoint.ModelPlace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Looks at what an experiment file names (model, tokenizer, data, benchmark files, the run that
 * lies at its output) before anything runs, and tells everything that cannot be used, each with the
 * line that names it. Reads headers and benchmark files only; what lies on other machines is left
 * to the jobs.
 */
public final class InputCheck {
  private final ExperimentFile file;
  private final Experiment experiment;
  private final List<LocatedFault> faults = new ArrayList<>();

  /** The checkpoint, if it is on this machine; known once the model was checked. */
  private Optional<ModelPlace> modelPlace = Optional.empty();

  private InputCheck(ExperimentFile file) {
    this.file = file;
    this.experiment = file.experiment();
  }

  /**
   * Checks everything.
   *
   * @throws ExperimentException with all faults
   */
  public static void check(ExperimentFile file) {
    InputCheck check = new InputCheck(file);
    check.model();
    check.data();
    check.tasks();
    check.sampling();
    check.earlierRun();
    if (!check.faults.isEmpty()) {
      throw new ExperimentException(check.faults);
    }
  }

  private void model() {
    Optional<ModelConfig> config = Optional.empty();
    if (experiment.model().checkpoint().isPresent()) {
      String checkpoint = experiment.model().checkpoint().get();
      if (isElsewhere(checkpoint)) {
        return;
      }
      modelPlace = here(checkpoint);
      if (modelPlace.isEmpty()) {
        return; // a hub's model, which is fetched before anything else is done
      }
      Path directory = modelPlace.get().directory();
      config = tryTo("model.checkpoint", () -> Checkpoint.open(directory).config());
      if (config.isPresent()) {
        int vocabulary = config.get().vocabularySize();
        tryTo(
            "model.checkpoint",
            () -> {
              Tokenizer.Source.read(directory).checkFits(vocabulary);
              return directory;
            });
      }
    } else {
      Path json = Path.of(experiment.model().config().orElseThrow());
      config =
          tryTo(
              "model.config",
              () -> {
                ConfigJson read = ConfigJson.open(json);
                return ModelFamily.of(read).read(read, read.tokens("eos_token_id"));
              });
    }
    config.ifPresent(
        model -> {
          tryTo(
                  "adapter",
                  () -> {
                    AdapterMethod adapter = experiment.adapter().create();
                    adapter.check(model);
                    return adapter;
                  })
              .ifPresent(adapter -> training(adapter, model));
          tryTo(
              "",
              () -> {
                checkLength(experiment, model);
                return model;
              });
        });
  }

  /** What an adapter that the model has layers for is trained with. */
  private void training(AdapterMethod adapter, ModelConfig model) {
    if (experiment.model().int8() && adapter.placement(model).isFull()) {
      note(
          new Fault(
              "model.int8",
              true,
              "weights that are trained cannot be 8-bit integers; take int8: false, or an"
                  + " adapter that leaves them as they are"));
    }
    List<String> trained =
        adapter.placement(model).tensors().stream().map(Placement.Placed::name).toList();
    tryTo(
        "",
        () -> {
          RoundOrder.algorithm(experiment.training()).checkTensors(trained);
          return trained;
        });
    experiment
        .training()
        .startFrom()
        .ifPresent(
            start ->
                tryTo(
                    "training.start-from",
                    () -> PeftDirectory.start(Path.of(start), adapter, model)));
  }

  /** A model that is on this machine; empty, with a fault noted where it is not to be had. */
  private Optional<ModelPlace> here(String checkpoint) {
    return tryTo("model.checkpoint", () -> ModelPlace.here(checkpoint, Extent.WHOLE))
        .flatMap(place -> place);
  }

  /**
   * Checks that the model has positions for the longest examples.
   *
   * @throws ConfigException if not
   */
  public static void checkLength(Experiment experiment, ModelConfig model) {
    int maxTokens = experiment.data().maxTokens();
    AdapterMethod adapter = experiment.adapter().create();
    int virtual = adapter.placement(model).virtualTokens();
    if (maxTokens + virtual > model.maxPositions()) {
      throw new ConfigException(
          "data.max-tokens",
          maxTokens,
          "the model has "
              + model.maxPositions()
              + " positions"
              + (virtual > 0
                  ? ", of which the adapter takes " + virtual + "; give the rest at most"
                  : "; give at most as many"));
    }
  }

  /** A split that is there outlives its corpus. */
  private void data() {
    String path = experiment.data().path();
    String split = experiment.data().output().orElse(experiment.output() + "/split");
    boolean prepared = isElsewhere(split) || Files.exists(Path.of(split, "manifest.json"));
    if (!prepared && !isElsewhere(path) && !Files.exists(Path.of(path))) {
      note(new Fault("data.path", path, "there is no such file or folder; check the path"));
    }
  }

  private void sampling() {
    tryTo(
        "training.sampling.path",
        () -> {
          experiment.training().sampling().create().check();
          return experiment;
        });
  }

  private void tasks() {
    Optional<PromptTemplate> template = template();
    List<Choice<Task>> tasks = experiment.evaluation().tasks();
    for (int i = 0; i < tasks.size() && template.isPresent(); i++) {
      if (tasks.get(i).create() instanceof BenchmarkTask benchmark) {
        TaskContext context = new TaskContext(BenchmarkFiles.local(), template.get());
        if (!namesElsewhere(tasks.get(i).config())) {
          tryTo("evaluation.tasks[" + i + "]", () -> benchmark.read(context));
        }
      }
    }
    serverHoldsSomething(tasks);
    contaminationCanBeFound(tasks);
    TrainingConfig training = experiment.training();
    List<String> labels = tasks.stream().map(task -> task.create().label()).toList();
    if (training.keepBy().isPresent() && !labels.contains(training.keepBy().get())) {
      note(
          new Fault(
              "training.keep-by",
              training.keepBy().get(),
              "no task of the evaluation has that label; name one of " + labels));
    }
  }

  private void serverHoldsSomething(List<Choice<Task>> tasks) {
    double share = experiment.data().holdout().server();
    for (int i = 0; i < tasks.size(); i++) {
      if (tasks.get(i).create().split().equals("server") && share == 0) {
        note(
            new Fault(
                "evaluation.tasks[" + i + "].split",
                "server",
                "the server holds no examples; give it a share with data.holdout: {server: ...}"));
      }
    }
  }

  /** Where contamination is looked for, but by nothing. */
  public static final Fault NO_BENCHMARK =
      new Fault(
          "data.clean.contaminated",
          true,
          "no task of the evaluation is a benchmark, so there is nothing to find; name one in"
              + " evaluation.tasks, e.g. {name: gsm8k, path: ...}");

  private void contaminationCanBeFound(List<Choice<Task>> tasks) {
    boolean benchmarks = tasks.stream().anyMatch(task -> task.create() instanceof BenchmarkTask);
    if (experiment.data().clean().contaminated() && !benchmarks) {
      note(NO_BENCHMARK);
    }
  }

  /** The template; a stand-in where it is the checkpoint's own, and that is not at hand. */
  private Optional<PromptTemplate> template() {
    String name = experiment.data().template();
    Optional<String> checkpoint = experiment.model().checkpoint();
    String named = checkpoint.or(experiment.model()::config).orElseThrow();
    Optional<Path> model =
        isElsewhere(named)
            ? Optional.empty()
            : checkpoint.isEmpty()
                ? Optional.of(Path.of(named))
                : modelPlace.map(ModelPlace::directory);
    if (model.filter(Files::exists).isEmpty()) {
      return name.equals("chat")
          ? Optional.of(PromptTemplates.NONE)
          : tryTo("data.template", () -> PromptTemplates.of(name, Path.of("")));
    }
    Path directory =
        experiment.model().checkpoint().isPresent()
            ? model.get()
            // Trained from scratch, a model gets the template that lies beside its config.
            : model.get().resolveSibling("");
    return tryTo("data.template", () -> PromptTemplates.of(name, directory));
  }

  private void earlierRun() {
    String output = experiment.output();
    if (isElsewhere(output)) {
      return;
    }
    Path before = Path.of(output).resolve("experiment.yaml");
    if (Files.isRegularFile(before)) {
      tryTo(
          "output",
          () -> {
            Experiment begun = ExperimentReader.read(before.toString(), List.of()).experiment();
            Identity.of(begun).requireSame(Identity.of(experiment), output);
            return begun;
          });
    }
  }

  private static boolean isElsewhere(String path) {
    return path.matches("[A-Za-z][A-Za-z0-9+.-]+:/.*");
  }

  /** Whether a task's file is not of this machine. */
  private static boolean namesElsewhere(Record config) {
    return ExperimentWriter.flat(config).values().stream()
        .map(value -> value.replaceAll("^\"|\"$", ""))
        .anyMatch(InputCheck::isElsewhere);
  }

  /** The outcome; empty, with faults noted at the key's line, where the input is refused. */
  private <T> Optional<T> tryTo(String key, Supplier<T> action) {
    try {
      return Optional.of(action.get());
    } catch (ConfigException refused) {
      faults.addAll(file.locate(key, refused));
    } catch (InputException refused) {
      faults.add(file.locate(key, String.valueOf(refused.getMessage())));
    }
    return Optional.empty();
  }

  private void note(Fault fault) {
    faults.addAll(file.locate("", new ConfigException(List.of(fault))));
  }
}
