// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.config.Providers;
import dev.tributary.fl.hub.Extent;
import dev.tributary.jobs.bench.AggregateBench;
import dev.tributary.jobs.bench.ChooseBench;
import dev.tributary.jobs.bench.ClientsBench;
import dev.tributary.jobs.bench.EncodeBench;
import dev.tributary.jobs.bench.GenerateBench;
import dev.tributary.jobs.bench.PrepareBench;
import dev.tributary.jobs.bench.RoundBench;
import dev.tributary.jobs.bench.SftBench;
import dev.tributary.jobs.bench.StepBench;
import dev.tributary.jobs.checkpoint.ModelPlace;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.RunDirectory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench}: how fast this machine is. */
@Command(
    name = "bench",
    description = {
      "How fast on this machine: step (training steps), sft (fine-tuning on examples),",
      "clients (several over one base, some at once), generate, choose (multiple choice),",
      "encode (examples to tokens), all with --checkpoint; aggregate (a server's updates,",
      "--clients, --layers, --width, --rank, --rule); or on this cluster, for an experiment file: prepare (records",
      "per second), round (what a round costs beyond its clients' compute)."
    })
final class BenchCommand extends JobCommand {
  private static final List<String> WORKS =
      List.of(
          "step",
          "sft",
          "clients",
          "generate",
          "choose",
          "encode",
          "aggregate",
          "prepare",
          "round");

  @Parameters(
      index = "0",
      paramLabel = "WORK",
      description = "step, sft, clients, generate, choose, encode, aggregate, prepare or round.")
  private String work = "";

  @Parameters(
      index = "1..*",
      paramLabel = "FILE KEY=VALUE",
      description = {
        "The experiment file (prepare, round), and what stands in place of its keys. A run of its"
            + " own is made beside its output and deleted again; with output=DIR, which must not"
            + " be there yet, it is left."
      })
  private final List<String> experiment = new ArrayList<>();

  @Option(
      names = "--checkpoint",
      paramLabel = "DIR",
      description = "Hugging Face directory, or a model's name on a hub: org/model.")
  private @Nullable String checkpoint;

  @Option(names = "--data", paramLabel = "FILE", description = "JSON Lines of GSM8K or Dolly.")
  private @Nullable String data;

  @Option(names = "--dtype", paramLabel = "TYPE", description = "float32, bfloat16 or float16.")
  private @Nullable String dtype;

  @Option(names = "--batch", paramLabel = "N", description = "Rows, examples or prompts at once.")
  private @Nullable String batch;

  @Option(names = "--length", paramLabel = "N", description = "Tokens of a row (step).")
  private @Nullable String length;

  @Option(names = "--steps", paramLabel = "N", description = "Timed steps.")
  private @Nullable String steps;

  @Option(
      names = "--clients",
      paramLabel = "N",
      description = "Each with an adapter of its own (clients).")
  private @Nullable String clients;

  @Option(
      names = "--at-once",
      paramLabel = "N",
      description = "Clients that train at the same time (clients).")
  private @Nullable String atOnce;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How often each client trains (clients).")
  private @Nullable String rounds;

  @Option(names = "--layers", paramLabel = "N", description = "Of the model (aggregate).")
  private @Nullable String layers;

  @Option(names = "--width", paramLabel = "N", description = "Of the model (aggregate).")
  private @Nullable String width;

  @Option(names = "--rank", paramLabel = "N", description = "Of the updates (aggregate).")
  private @Nullable String rank;

  @Option(
      names = "--rule",
      paramLabel = "NAME",
      description = "Rule of aggregation: exact, fedex, {name: flexlora, ranks: [4, 8]} ...")
  private @Nullable String rule;

  @Option(names = "--prompts", paramLabel = "N", description = "Prompts in all (generate).")
  private @Nullable String prompts;

  @Option(names = "--new-tokens", paramLabel = "N", description = "Tokens of an answer (generate).")
  private @Nullable String newTokens;

  @Option(names = "--no-shots", description = "Without worked examples in the prompt (generate).")
  private boolean noShots;

  @Option(
      names = "--shots",
      paramLabel = "FILE",
      description = "Questions that are shown answered (choose).")
  private @Nullable String shots;

  @Option(names = "--limit", paramLabel = "N", description = "Questions at most (choose).")
  private @Nullable String limit;

  @Option(
      names = "--recompute",
      description = "Keep no activations but each block's input (step, sft).")
  private boolean recompute;

  @Option(names = "--max-tokens", paramLabel = "N", description = "Longest example (sft, encode).")
  private @Nullable String maxTokens;

  @Option(
      names = "--targets",
      paramLabel = "NAMES",
      description = "Layers that LoRA adapts, with commas between.")
  private @Nullable String targets;

  @Option(names = "--dropout", paramLabel = "P", description = "On the adapter's input.")
  private @Nullable String dropout;

  @Option(names = "--threads", paramLabel = "N", description = "Computing threads.")
  private @Nullable String threads;

  @Option(names = "--device", paramLabel = "DEVICE", description = "cpu, gpu or gpu:N.")
  private @Nullable String device;

  BenchCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "bench";
  }

  @Override
  Result work() {
    Map<String, Object> found =
        switch (work) {
          case "step" -> StepBench.run(arguments(StepBench.Arguments.class));
          case "sft" -> SftBench.run(arguments(SftBench.Arguments.class));
          case "clients" -> ClientsBench.run(arguments(ClientsBench.Arguments.class));
          case "generate" -> GenerateBench.run(arguments(GenerateBench.Arguments.class));
          case "choose" -> ChooseBench.run(arguments(ChooseBench.Arguments.class));
          case "encode" -> EncodeBench.run(arguments(EncodeBench.Arguments.class));
          case "aggregate" -> AggregateBench.run(arguments(AggregateBench.Arguments.class));
          case "prepare" -> ofExperiment(List.of(), true, PrepareBench::run);
          case "round" -> ofExperiment(List.of("evaluation={}"), false, RoundBench::run);
          default ->
              throw new InputException(
                  "bench "
                      + work
                      + " is not known; "
                      + Providers.nearest(work, WORKS)
                          .map(near -> "did you mean " + near + "? ")
                          .orElse("")
                      + "choose one of "
                      + WORKS);
        };
    StringBuilder text = new StringBuilder();
    found.forEach((key, value) -> text.append(key).append("  ").append(value).append('\n'));
    return Result.done(found, text.toString());
  }

  private interface ExperimentBench {
    Map<String, Object> run(SparkSession session, Experiment experiment, Progress progress);
  }

  /** Runs an experiment file's bench at an output of its own. */
  private Map<String, Object> ofExperiment(
      List<String> fixed, boolean ownSplit, ExperimentBench bench) {
    if (experiment.isEmpty()) {
      throw new InputException(
          "bench " + work + " needs an experiment file: bench " + work + " FILE [KEY=VALUE...]");
    }
    options().keySet().stream()
        .findFirst()
        .ifPresent(
            option -> {
              throw new InputException(
                  "bench " + work + " takes no --" + option + "; give keys of the file: KEY=VALUE");
            });
    List<String> overrides = new ArrayList<>(fixed);
    overrides.addAll(experiment.subList(1, experiment.size()));
    boolean kept = overrides.stream().anyMatch(override -> override.startsWith("output="));
    String output = ExperimentReader.read(experiment.get(0), overrides).experiment().output();
    String folder =
        kept ? output : output + "-bench-" + UUID.randomUUID().toString().substring(0, 8);
    if (!kept) {
      output = folder + "/run"; // what lies beside a run is deleted with it
      overrides.add(ExperimentReader.assignment("output", output));
    }
    if (ownSplit) {
      overrides.add(ExperimentReader.assignment("data.output", output + "/split"));
    }
    Experiment read = ExperimentReader.read(experiment.get(0), overrides).experiment();
    return withSpark(
        read.training().threadsPerClient(),
        session -> {
          Configuration hadoop = session.sparkContext().hadoopConfiguration();
          if (RunDirectory.exists(read.output(), hadoop)) {
            throw new InputException(
                "Cannot time what is done already: " + read.output() + " is there; give a new one");
          }
          try {
            return bench.run(session, read, console().progress());
          } finally {
            if (!kept) {
              RunDirectory.delete(folder, hadoop);
            }
          }
        });
  }

  /** The options about a checkpoint that are given, by name. */
  private Map<String, String> options() {
    Map<String, @Nullable String> all = new LinkedHashMap<>();
    all.put("checkpoint", checkpoint);
    all.put("data", data);
    all.put("shots", shots);
    all.put("limit", limit);
    all.put("recompute", recompute ? "true" : null);
    all.put("dtype", dtype);
    all.put("batch", batch);
    all.put("length", length);
    all.put("steps", steps);
    all.put("clients", clients);
    all.put("at-once", atOnce);
    all.put("rounds", rounds);
    all.put("layers", layers);
    all.put("width", width);
    all.put("rank", rank);
    all.put("rule", rule);
    all.put("prompts", prompts);
    all.put("new-tokens", newTokens);
    all.put("no-shots", noShots ? "" : null);
    all.put("max-tokens", maxTokens);
    all.put("targets", targets);
    all.put("dropout", dropout);
    all.put("threads", threads);
    all.put("device", device);
    Map<String, String> given = new LinkedHashMap<>();
    all.forEach(
        (name, value) -> {
          if (value != null) {
            given.put(name, value);
          }
        });
    return given;
  }

  /**
   * The options that are given, as keys of a bench's record. Those of other kinds of work are
   * passed over, as the peer's program does.
   */
  private <R extends Record> R arguments(Class<R> type) {
    if (!experiment.isEmpty()) {
      throw new InputException("bench " + work + " takes no '" + experiment.get(0) + "'");
    }
    List<String> keys = new ArrayList<>();
    List<String> known = ExperimentReader.keys(type);
    options()
        .forEach(
            (name, value) -> {
              String key = name.equals("no-shots") ? "demonstrations" : name;
              if (known.contains(key)) {
                keys.add(
                    switch (name) {
                      case "no-shots" -> "demonstrations=none";
                      case "targets" -> "targets=[" + value + "]";
                      case "checkpoint" -> ExperimentReader.assignment(key, directory(value));
                      case "data" -> ExperimentReader.assignment(key, value);
                      default -> key + "=" + value;
                    });
              }
            });
    return ExperimentReader.fill(type, keys);
  }

  private String directory(String given) {
    Extent extent = work.equals("encode") ? Extent.TEXTS : Extent.WHOLE;
    return ModelPlace.find(given, extent, console().progress()).directory().toString();
  }
}
