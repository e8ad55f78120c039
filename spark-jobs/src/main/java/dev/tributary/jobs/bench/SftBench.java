// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.text.EncodedExample;
import dev.tributary.fl.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Supervised fine-tuning on the first GSM8K or Dolly records of a file, in the Alpaca template with
 * labels on the answer: as a client trains, on packed rows.
 */
public final class SftBench {
  static final int WARM_UP = 2;

  /**
   * @param data JSON Lines of GSM8K or Dolly
   * @param batch examples of a step
   * @param steps timed ones; {@value #WARM_UP} more come before
   * @param maxTokens longest example; the rest is cut off
   * @param targets layers that LoRA adapts
   * @param recompute keep no activations but each block's input
   * @param threads intra-op threads
   * @param device cpu, gpu or gpu:N
   */
  public record Arguments(
      Path checkpoint,
      Path data,
      @Default("float32") DType dtype,
      @Default("4") int batch,
      @Default("30") int steps,
      @Default("512") int maxTokens,
      @Default("[q_proj, k_proj, v_proj, o_proj]") List<String> targets,
      @Default("0.0") double dropout,
      @Default("false") boolean recompute,
      @Default("2") int threads,
      @Default("cpu") String device) {
    public Arguments {
      targets = List.copyOf(targets);
      new Faults()
          .check(batch >= 1, "batch", batch, "give 1 or more, e.g. 4")
          .check(steps >= 1, "steps", steps, "give 1 or more, e.g. 30")
          .check(maxTokens >= 2, "max-tokens", maxTokens, "give 2 or more, e.g. 512")
          .check(threads >= 1, "threads", threads, "give 1 or more, e.g. 2")
          .throwIfAny();
      Device.of(device); // its fault
    }
  }

  private SftBench() {}

  /**
   * @return {@code examples_per_second}, {@code real_tokens} and what {@link Timings#result} adds
   * @throws InputException if checkpoint or data cannot be used
   */
  public static Map<String, Object> run(Arguments arguments) {
    List<List<EncodedExample>> examples = batches(arguments);
    List<PackedBatch> batches = packed(examples, arguments.dropout());
    try (LoraBase base =
            LoraBase.load(
                arguments.checkpoint(),
                arguments.dtype(),
                arguments.recompute(),
                arguments.targets(),
                arguments.dropout(),
                arguments.threads(),
                Device.of(arguments.device()));
        LoraTrainer trainer = base.client(base.initial())) {
      Timings timings =
          Timings.of(arguments.steps(), WARM_UP, step -> trainer.step(batches.get(step)));
      Map<String, Object> result = timings.result("sft", arguments.dtype(), arguments.batch());
      result.put("examples_per_second", arguments.batch() * arguments.steps() / timings.sum());
      result.put(
          "real_tokens",
          examples.subList(WARM_UP, examples.size()).stream()
              .flatMap(List::stream)
              .mapToInt(example -> example.tokens().length)
              .sum());
      return result;
    }
  }

  /** As a client packs them. */
  static List<PackedBatch> packed(List<List<EncodedExample>> examples, double dropout) {
    PackedBatch.Beginning beginning =
        dropout > 0 ? PackedBatch.Beginning.REPEATED : PackedBatch.Beginning.SHARED;
    return examples.stream().map(batch -> PackedBatch.of(batch, beginning)).toList();
  }

  /** Of each step, those of the warm-up first. */
  static List<List<EncodedExample>> batches(Arguments arguments) {
    int wanted = arguments.batch() * (arguments.steps() + WARM_UP);
    List<BenchRecord> records = BenchRecord.first(arguments.data(), wanted);
    if (records.size() < wanted) {
      throw new InputException(
          arguments.data()
              + " has "
              + records.size()
              + " records, "
              + wanted
              + " are needed for "
              + arguments.steps()
              + " steps and "
              + WARM_UP
              + " before them; give fewer --steps or a smaller --batch");
    }
    List<List<EncodedExample>> batches = new ArrayList<>();
    try (Tokenizer tokenizer = Tokenizer.open(arguments.checkpoint())) {
      for (int first = 0; first < wanted; first += arguments.batch()) {
        List<EncodedExample> batch = new ArrayList<>();
        for (BenchRecord record : records.subList(first, first + arguments.batch())) {
          EncodedExample example = encoded(record, tokenizer, arguments.maxTokens());
          if (example.labels() < 1) {
            throw new InputException(
                arguments.data()
                    + ": the prompt of record "
                    + (first + batch.size())
                    + " fills all "
                    + arguments.maxTokens()
                    + " tokens; give more --max-tokens");
          }
          batch.add(example);
        }
        batches.add(batch);
      }
    }
    return batches;
  }

  /** As the peer does: prompt and answer each for itself, then the token that ends a text. */
  private static EncodedExample encoded(BenchRecord record, Tokenizer tokenizer, int maxTokens) {
    int[] prompt = tokenizer.encode(record.prompt());
    int[] whole =
        IntStream.concat(
                IntStream.concat(
                    Arrays.stream(prompt), Arrays.stream(tokenizer.encode(record.answer()))),
                IntStream.of(tokenizer.endOfTextToken()))
            .toArray();
    int[] tokens = Arrays.copyOf(whole, Math.min(whole.length, maxTokens));
    return new EncodedExample(
        record.prompt(), tokens, Math.min(prompt.length, tokens.length), whole.length);
  }
}
