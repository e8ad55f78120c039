// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Greedy generation for GSM8K questions, with 8 worked examples before each or without. Every
 * prompt gets all the new tokens asked for: the token that ends a text stops none.
 */
public final class GenerateBench {
  private static final int SHOTS = 8;

  /** What stands before a question. */
  public enum Demonstrations {
    EIGHT,
    NONE
  }

  /**
   * @param data JSON Lines of GSM8K; the first {@value #SHOTS} records are the worked examples
   * @param batch prompts generated together
   * @param prompts in all
   * @param newTokens of each prompt
   * @param steps how often all of it is timed; once more before
   * @param threads intra-op threads
   * @param device cpu, gpu or gpu:N
   */
  public record Arguments(
      Path checkpoint,
      Path data,
      @Default("float32") DType dtype,
      @Default("8") int batch,
      @Default("8") int prompts,
      @Default("128") int newTokens,
      @Default("1") int steps,
      @Default("eight") Demonstrations demonstrations,
      @Default("2") int threads,
      @Default("cpu") String device) {
    public Arguments {
      new Faults()
          .check(batch >= 1, "batch", batch, "give 1 or more, e.g. 8")
          .check(prompts >= 1, "prompts", prompts, "give 1 or more, e.g. 8")
          .check(newTokens >= 2, "new-tokens", newTokens, "give 2 or more, e.g. 128")
          .check(steps >= 1, "steps", steps, "give 1 or more")
          .check(threads >= 1, "threads", threads, "give 1 or more, e.g. 2")
          .throwIfAny();
      Device.of(device); // its fault
    }
  }

  private GenerateBench() {}

  /**
   * @return {@code new_tokens_per_second} (all of it), {@code decode_tokens_per_second} (without
   *     the prompts), {@code prefill_tokens_per_second}, {@code prompt_tokens} and what {@link
   *     Timings#result} adds
   * @throws InputException if checkpoint or data cannot be used
   */
  public static Map<String, Object> run(Arguments arguments) {
    TorchScript.setThreads(arguments.threads());
    Checkpoint checkpoint = Checkpoint.open(arguments.checkpoint());
    List<int[]> prompts = prompts(arguments);
    List<List<int[]>> groups = new ArrayList<>();
    for (int first = 0; first < prompts.size(); first += arguments.batch()) {
      groups.add(prompts.subList(first, Math.min(first + arguments.batch(), prompts.size())));
    }
    try (CausalLm model =
            TorchScript.load(checkpoint, arguments.dtype(), Device.of(arguments.device()));
        TrainedWeights base = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      Timings all =
          Timings.of(
              arguments.steps(), 1, i -> generate(model, base, groups, arguments.newTokens()));
      double prefill =
          Timings.of(arguments.steps(), 0, i -> generate(model, base, groups, 1)).least();
      int promptTokens = prompts.stream().mapToInt(prompt -> prompt.length).sum();
      int wanted = arguments.prompts();
      Map<String, Object> result = all.result("generate", arguments.dtype(), arguments.batch());
      result.put("new_tokens_per_second", wanted * arguments.newTokens() / all.least());
      result.put(
          "decode_tokens_per_second",
          wanted * (arguments.newTokens() - 1) / (all.least() - prefill));
      result.put("prefill_tokens_per_second", promptTokens / prefill);
      result.put("prompt_tokens", promptTokens);
      return result;
    }
  }

  private static void generate(
      CausalLm model, TrainedWeights base, List<List<int[]>> groups, int newTokens) {
    for (List<int[]> group : groups) {
      for (int[] tokens : model.generate(base, group, newTokens, List.of())) {
        if (tokens.length != newTokens) {
          throw new IllegalStateException(
              "A prompt got " + tokens.length + " new tokens instead of " + newTokens);
        }
      }
    }
  }

  private static List<int[]> prompts(Arguments arguments) {
    int wanted = SHOTS + arguments.prompts();
    List<BenchRecord> records = BenchRecord.first(arguments.data(), wanted);
    if (records.size() < wanted) {
      throw new InputException(
          arguments.data()
              + " has "
              + records.size()
              + " records, "
              + wanted
              + " are needed; give fewer --prompts");
    }
    StringBuilder shots = new StringBuilder();
    if (arguments.demonstrations() == Demonstrations.EIGHT) {
      for (BenchRecord record : records.subList(0, SHOTS)) {
        shots.append("Question: ").append(record.question());
        shots.append("\nAnswer: ").append(record.solution()).append("\n\n");
      }
    }
    try (Tokenizer tokenizer = Tokenizer.open(arguments.checkpoint())) {
      return records.subList(SHOTS, wanted).stream()
          .map(record -> shots + "Question: " + record.question() + "\nAnswer:")
          .map(tokenizer::encode)
          .toList();
    }
  }
}
