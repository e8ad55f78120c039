// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.DType;
import dev.tributary.jobs.GenerateJob;
import dev.tributary.jobs.experiment.ExperimentReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code generate}: continues texts. */
@Command(name = "generate", description = "Continue texts, greedily.")
final class GenerateCommand extends JobCommand {
  @Option(
      names = "--checkpoint",
      required = true,
      paramLabel = "DIR",
      description = "Hugging Face directory, or a model's name on a hub: org/model.")
  private String checkpoint = "";

  @Option(names = "--adapter", paramLabel = "DIR", description = "PEFT directory.")
  private @Nullable String adapter;

  @Parameters(arity = "1..*", paramLabel = "PROMPT", description = "Texts, taken as they are.")
  private final List<String> prompts = new ArrayList<>();

  @Option(
      names = "--new-tokens",
      paramLabel = "N",
      description = "Longest answer; 128 if not given.")
  private @Nullable String newTokens;

  @Option(names = "--dtype", paramLabel = "TYPE", description = "float32, bfloat16 or float16.")
  private @Nullable String dtype;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Computing threads; all if not given.")
  private @Nullable String threads;

  /** Settings that have the same checks as an experiment file's. */
  record Settings(
      @Default("float32") DType dtype, Optional<Integer> threads, @Default("128") int newTokens) {
    Settings {
      new Faults()
          .check(newTokens >= 1, "new-tokens", newTokens, "give 1 or more, e.g. 128")
          .check(
              threads.isEmpty() || threads.get() >= 1,
              "threads",
              threads.orElse(null),
              "give 1 or more")
          .throwIfAny();
    }
  }

  GenerateCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "generate";
  }

  @Override
  Result work() {
    List<String> keys = new ArrayList<>();
    if (dtype != null) {
      keys.add("dtype=" + dtype);
    }
    if (threads != null) {
      keys.add("threads=" + threads);
    }
    if (newTokens != null) {
      keys.add("new-tokens=" + newTokens);
    }
    Settings settings = ExperimentReader.fill(Settings.class, keys);
    GenerateJob.Result result =
        GenerateJob.run(
            new GenerateJob.Request(
                checkpoint,
                Optional.ofNullable(adapter),
                settings.dtype(),
                settings.threads().orElse(Runtime.getRuntime().availableProcessors()),
                prompts,
                settings.newTokens()),
            console().progress());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("texts", result.texts());
    json.put("tokens", result.tokens());
    return Result.done(json, String.join("\n\n", result.texts()));
  }
}
