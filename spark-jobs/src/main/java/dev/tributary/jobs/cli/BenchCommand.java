// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.config.Providers;
import dev.tributary.jobs.bench.GenerateBench;
import dev.tributary.jobs.bench.SftBench;
import dev.tributary.jobs.bench.StepBench;
import dev.tributary.jobs.experiment.ExperimentReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench}: how fast this machine is. */
@Command(
    name = "bench",
    description = {
      "How fast on this machine: step (training steps), sft (fine-tuning on examples), generate.",
      "Prints one JSON object."
    })
final class BenchCommand extends JobCommand {
  private static final List<String> WORKS = List.of("step", "sft", "generate");

  @Parameters(index = "0", paramLabel = "WORK", description = "step, sft or generate.")
  private String work = "";

  @Option(
      names = "--checkpoint",
      required = true,
      paramLabel = "DIR",
      description = "Hugging Face directory.")
  private String checkpoint = "";

  @Option(names = "--data", paramLabel = "FILE", description = "JSON Lines of GSM8K or Dolly.")
  private @Nullable String data;

  @Option(names = "--dtype", paramLabel = "TYPE", description = "float32 or bfloat16.")
  private @Nullable String dtype;

  @Option(names = "--batch", paramLabel = "N", description = "Rows, examples or prompts at once.")
  private @Nullable String batch;

  @Option(names = "--length", paramLabel = "N", description = "Tokens of a row (step).")
  private @Nullable String length;

  @Option(names = "--steps", paramLabel = "N", description = "Timed steps.")
  private @Nullable String steps;

  @Option(names = "--prompts", paramLabel = "N", description = "Prompts in all (generate).")
  private @Nullable String prompts;

  @Option(names = "--new-tokens", paramLabel = "N", description = "Tokens of an answer (generate).")
  private @Nullable String newTokens;

  @Option(names = "--no-shots", description = "Without worked examples in the prompt (generate).")
  private boolean noShots;

  @Option(names = "--max-tokens", paramLabel = "N", description = "Longest example (sft).")
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
          case "generate" -> GenerateBench.run(arguments(GenerateBench.Arguments.class));
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

  /** The options that are given, as keys of a bench's record; others it refuses by name. */
  private <R extends Record> R arguments(Class<R> type) {
    Map<String, @Nullable String> texts = new LinkedHashMap<>();
    texts.put("checkpoint", checkpoint);
    texts.put("data", data);
    Map<String, @Nullable String> values = new LinkedHashMap<>();
    values.put("dtype", dtype);
    values.put("batch", batch);
    values.put("length", length);
    values.put("steps", steps);
    values.put("prompts", prompts);
    values.put("new-tokens", newTokens);
    values.put("demonstrations", noShots ? "none" : null);
    values.put("max-tokens", maxTokens);
    values.put("targets", targets == null ? null : "[" + targets + "]");
    values.put("dropout", dropout);
    values.put("threads", threads);
    List<String> keys = new ArrayList<>();
    List<String> known = ExperimentReader.keys(type);
    texts.forEach(
        (key, text) -> {
          if (text != null && known.contains(key)) {
            keys.add(ExperimentReader.assignment(key, text));
          }
        });
    values.forEach(
        (key, value) -> {
          // The peer's program takes all options for all kinds of work, and so do we.
          if (value != null && known.contains(key)) {
            keys.add(key + "=" + value);
          }
        });
    return ExperimentReader.fill(type, keys);
  }
}
