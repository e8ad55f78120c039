// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.seed.Seed;
import java.util.List;

/**
 * A frozen base model held once per JVM and shared by all clients there. Safe for use by several
 * threads at once; results of one client do not depend on what others do meanwhile.
 *
 * <p>The place where another engine can be put in: nothing outside {@code dev.tributary.fl.script}
 * knows how it computes.
 */
public interface CausalLm extends AutoCloseable {
  ModelConfig config();

  /**
   * A client's own copy of the trained tensors in native memory, with room for gradients and
   * optimiser state. Several adapters may share one base.
   *
   * @param adapter how the tensors enter the model
   * @param state all trained tensors of that adapter
   * @return owned by the caller, who closes it
   * @throws IllegalArgumentException if names or shapes differ from the adapter's; both are named
   */
  TrainedWeights weights(AdapterMethod adapter, NamedTensors state);

  /**
   * Log-probability of each target of a batch, as transformers computes it (logits in float32).
   * Dropout is off.
   *
   * @return natural logarithms, one per {@link PackedBatch#targets()}
   */
  float[] logProbabilities(TrainedWeights weights, PackedBatch batch);

  /**
   * Logits of each row of the batch, (N, vocabulary) row-major; for tests and parity. Virtual
   * tokens are no rows of the batch.
   */
  float[] logits(TrainedWeights weights, PackedBatch batch);

  /**
   * Continues prompts with a key-value cache. Each prompt's tokens are those it would get alone.
   * What all prompts begin with is computed once.
   *
   * @param prompts token ids, at least one each
   * @param maxNewTokens at most so many per prompt, at least 1
   * @param stops token sequences, at least one token each; a prompt is finished once its new tokens
   *     end with any of them, and that sequence is not part of the result
   * @param seeds one for each prompt, which decides what is drawn for it; ignored where nothing is
   * @return new tokens of each prompt, in order
   */
  List<int[]> generate(
      TrainedWeights weights,
      List<int[]> prompts,
      int maxNewTokens,
      List<int[]> stops,
      Sampling sampling,
      List<Seed> seeds);

  /** As the other, always with the likeliest token. */
  default List<int[]> generate(
      TrainedWeights weights, List<int[]> prompts, int maxNewTokens, List<int[]> stops) {
    return generate(weights, prompts, maxNewTokens, stops, Sampling.GREEDY, List.of());
  }

  /**
   * Multiplies with all weights as a training step does, forward and back, and does nothing else:
   * its time is the least that a step can take on this machine.
   *
   * @param rows token rows
   * @throws UnsupportedOperationException if this engine does not measure itself
   */
  default void multiply(int rows) {
    throw new UnsupportedOperationException(getClass() + " does not measure itself");
  }

  @Override
  void close();
}
