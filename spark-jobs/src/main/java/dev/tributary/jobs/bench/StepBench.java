// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.text.EncodedExample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Training steps on full rows of random tokens, every position a label. */
public final class StepBench {
  private static final int WARM_UP = 3;

  /** How often the products alone are timed. */
  private static final int LIMIT_TIMES = 3;

  /** Tokens are drawn from the first so many, as the peer does. */
  private static final int TOKENS = 1000;

  /**
   * @param batch rows of a step
   * @param length tokens of a row
   * @param steps timed ones; {@value #WARM_UP} more come before
   * @param targets layers that LoRA adapts
   * @param recompute keep no activations but each block's input
   * @param threads intra-op threads
   * @param device cpu, gpu or gpu:N
   */
  public record Arguments(
      Path checkpoint,
      @Default("float32") DType dtype,
      @Default("4") int batch,
      @Default("256") int length,
      @Default("5") int steps,
      @Default("[q_proj, k_proj, v_proj, o_proj]") List<String> targets,
      @Default("0.0") double dropout,
      @Default("false") boolean recompute,
      @Default("2") int threads,
      @Default("cpu") String device) {
    public Arguments {
      targets = List.copyOf(targets);
      new Faults()
          .check(batch >= 1, "batch", batch, "give 1 or more, e.g. 4")
          .check(length >= 2, "length", length, "give 2 or more, e.g. 256")
          .check(steps >= 1, "steps", steps, "give 1 or more, e.g. 5")
          .check(threads >= 1, "threads", threads, "give 1 or more, e.g. 2")
          .throwIfAny();
      Device.of(device); // its fault
    }
  }

  private StepBench() {}

  /**
   * @return {@code tokens_per_step}, {@code multiply_seconds} (the products with weights alone,
   *     which a step needs at least), {@code multiply_share} (that over the fastest step), with
   *     many steps what {@link ResidentMemory#atBeginningAndEnd} says, and what {@link
   *     Timings#result} adds
   * @throws InputException if the checkpoint cannot be used or its rows are shorter than asked
   */
  public static Map<String, Object> run(Arguments arguments) {
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
      if (arguments.length() > base.config().maxPositions()) {
        throw new InputException(
            "--length "
                + arguments.length()
                + " is more than the model's "
                + base.config().maxPositions()
                + " positions");
      }
      PackedBatch rows = randomRows(arguments, base.config().vocabularySize());
      ResidentMemory memory = new ResidentMemory();
      Timings timings =
          Timings.of(
              arguments.steps(),
              WARM_UP,
              step -> {
                trainer.step(rows);
                memory.note();
              });
      Map<String, Object> result = timings.result("step", arguments.dtype(), arguments.batch());
      int tokens = arguments.batch() * arguments.length();
      result.put("tokens_per_step", tokens);
      double products = Timings.of(LIMIT_TIMES, 1, i -> base.multiply(tokens)).least();
      result.put("multiply_seconds", Timings.rounded(products));
      result.put("multiply_share", Timings.rounded(products / timings.least()));
      result.putAll(memory.atBeginningAndEnd());
      return result;
    }
  }

  private static PackedBatch randomRows(Arguments arguments, int vocabulary) {
    SplittableRandom random = Seed.of(1).child("bench").random();
    List<EncodedExample> rows = new ArrayList<>();
    for (int row = 0; row < arguments.batch(); row++) {
      int[] tokens = random.ints(arguments.length(), 0, Math.min(TOKENS, vocabulary)).toArray();
      rows.add(new EncodedExample("row " + row, tokens, 1));
    }
    return PackedBatch.of(rows, PackedBatch.Beginning.REPEATED);
  }
}
