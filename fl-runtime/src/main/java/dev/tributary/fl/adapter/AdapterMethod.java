// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.config.ChosenBy;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.util.Optional;

/**
 * Which tensors are trained and how they enter the model: LoRA, full fine-tuning ... Travels to
 * executors.
 */
public interface AdapterMethod extends Serializable {
  /**
   * Refuses what cannot be done with a model, before anything runs.
   *
   * @throws dev.tributary.fl.config.ConfigException if the model has no such layers
   */
  void check(ModelConfig model);

  /** Where the trained tensors enter a model that was checked. */
  Placement placement(ModelConfig model);

  /**
   * All trained tensors before the first step, in the order that messages and files have them.
   *
   * @param base the checkpoint that is fine-tuned
   * @param seed the only source of randomness
   * @throws dev.tributary.fl.config.ConfigException as {@link #check}
   */
  NamedTensors initial(Checkpoint base, Seed seed);

  /**
   * Whether its layers draw at random in training (dropout), so that rows which examples share may
   * not be computed once for all.
   */
  default boolean stochastic() {
    return false;
  }

  /** The same without anything random, for comparisons with recordings made in evaluation mode. */
  default AdapterMethod withoutDropout() {
    return this;
  }

  /**
   * The method whose tensors an adapter's file has where an encoder made them: what PEFT saves of a
   * trained prompt is the prompt, not its encoder, so that training can go on with the prompt only.
   */
  default AdapterMethod saved() {
    return this;
  }

  /**
   * The method whose tensors have the shapes of these: ranks may differ from the configured ones,
   * where aggregation changes them or clients have ranks of their own.
   */
  default AdapterMethod fitting(NamedTensors state) {
    return this;
  }

  /** Found by {@link java.util.ServiceLoader}; chosen by {@code adapter.method}. */
  @ChosenBy("method")
  interface Provider<C extends Record> extends dev.tributary.fl.config.Provider<AdapterMethod, C> {
    /** How such an adapter is laid out in a directory; empty where it has none. */
    default Optional<PeftFormat> format() {
      return Optional.empty();
    }
  }
}
