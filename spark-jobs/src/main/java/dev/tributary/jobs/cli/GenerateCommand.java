// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.generation.Writing;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.Sampling;
import dev.tributary.jobs.GenerateJob;
import dev.tributary.jobs.experiment.ExperimentReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code generate}: continues texts. */
@Command(
    name = "generate",
    description = "Continue texts, greedily unless told otherwise; or score given continuations.")
final class GenerateCommand extends JobCommand {
  @Option(
      names = "--checkpoint",
      required = true,
      paramLabel = "DIR",
      description = "Hugging Face directory, or a model's name on a hub: org/model.")
  private String checkpoint = "";

  @Option(names = "--adapter", paramLabel = "DIR", description = "PEFT directory.")
  private @Nullable String adapter;

  /** Options about where and in what the model is computed, not about what it writes. */
  private static final Set<String> PLACE = Set.of("dtype", "threads", "device");

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

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "cpu, gpu or gpu:N; cpu if not given.")
  private @Nullable String device;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Draw tokens, from logits over T; 0, if not given, takes the likeliest.")
  private @Nullable String temperature;

  @Option(names = "--top-k", paramLabel = "K", description = "Draw among the likeliest K.")
  private @Nullable String topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Draw among the likeliest that have probability P together.")
  private @Nullable String topP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "F",
      description = "Make tokens that have occurred less likely; 1 is none.")
  private @Nullable String repetitionPenalty;

  @Option(
      names = "--samples",
      paramLabel = "N",
      description = "Answers to each prompt, each with a seed of its own.")
  private @Nullable String samples;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Decides what is drawn; 0 if not given.")
  private @Nullable String seed;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "Ends an answer, and is not part of it. May be given several times.")
  private final List<String> stops = new ArrayList<>();

  @Option(
      names = "--continuation",
      paramLabel = "TEXT",
      description =
          "Give the log-probability of this text after each prompt, and write none. May be given"
              + " several times.")
  private final List<String> continuations = new ArrayList<>();

  /** Settings that have the same checks as an experiment file's. */
  record Settings(
      @Default("float32") DType dtype,
      Optional<Integer> threads,
      @Default("cpu") String device,
      @Default("128") int newTokens,
      @Default("0.0") double temperature,
      @Default("0") int topK,
      @Default("1.0") double topP,
      @Default("1.0") double repetitionPenalty,
      @Default("1") int samples,
      @Default("0") long seed) {
    Settings {
      new Faults()
          .check(newTokens >= 1, "new-tokens", newTokens, "give 1 or more, e.g. 128")
          .check(samples >= 1, "samples", samples, "give 1 or more")
          .check(
              samples == 1 || temperature > 0,
              "samples",
              samples,
              "without a temperature above 0 all are the same; give --temperature, e.g. 0.8")
          .check(
              temperature > 0 || (topK == 0 && topP == 1),
              topK == 0 ? "top-p" : "top-k",
              topK == 0 ? topP : topK,
              "nothing is drawn without a temperature above 0; give --temperature, e.g. 0.8")
          .check(
              threads.isEmpty() || threads.get() >= 1,
              "threads",
              threads.orElse(null),
              "give 1 or more")
          .throwIfAny();
      new Sampling(temperature, topK, topP, repetitionPenalty); // its faults
      Device.of(device); // its fault
    }

    Sampling sampling() {
      return new Sampling(temperature, topK, topP, repetitionPenalty);
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
    key(keys, "dtype", dtype);
    key(keys, "threads", threads);
    key(keys, "device", device);
    key(keys, "new-tokens", newTokens);
    key(keys, "temperature", temperature);
    key(keys, "top-k", topK);
    key(keys, "top-p", topP);
    key(keys, "repetition-penalty", repetitionPenalty);
    key(keys, "samples", samples);
    key(keys, "seed", seed);
    Settings settings = ExperimentReader.fill(Settings.class, keys);
    GenerateJob.Request request =
        new GenerateJob.Request(
            checkpoint,
            Optional.ofNullable(adapter),
            settings.dtype(),
            settings.threads().orElse(Runtime.getRuntime().availableProcessors()),
            Device.of(settings.device()),
            prompts,
            new Writing(settings.newTokens(), stops, settings.sampling()),
            settings.samples(),
            settings.seed());
    if (continuations.isEmpty()) {
      return written(request);
    }
    List<String> idle = new ArrayList<>(keys);
    idle.removeIf(key -> PLACE.contains(key.substring(0, key.indexOf('='))));
    if (!idle.isEmpty() || !stops.isEmpty()) {
      throw new InputException(
          "--continuation scores what is given and writes nothing; leave out --"
              + (idle.isEmpty() ? "stop" : idle.get(0).substring(0, idle.get(0).indexOf('='))));
    }
    return scored(request);
  }

  private static void key(List<String> keys, String name, @Nullable String value) {
    if (value != null) {
      keys.add(name + "=" + value);
    }
  }

  private Result written(GenerateJob.Request request) {
    GenerateJob.Result result = GenerateJob.run(request, console().progress());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("texts", result.texts());
    json.put("tokens", result.tokens());
    return Result.done(json, String.join("\n\n", result.texts()));
  }

  private Result scored(GenerateJob.Request request) {
    List<GenerateJob.Scored> all = GenerateJob.score(request, continuations, console().progress());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("texts", all.stream().map(GenerateJob.Scored::continuation).toList());
    json.put("tokens", all.stream().mapToLong(scored -> scored.tokens().size()).sum());
    json.put("log_probabilities", all.stream().map(GenerateJob.Scored::logProbability).toList());
    json.put("token_log_probabilities", all.stream().map(GenerateJob.Scored::tokens).toList());
    return Result.done(
        json,
        all.stream()
            .map(
                scored ->
                    "%.4f (%d tokens) %s"
                        .formatted(
                            scored.logProbability(), scored.tokens().size(), scored.continuation()))
            .collect(Collectors.joining("\n")));
  }
}
