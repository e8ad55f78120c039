// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.util.Optional;

/**
 * Which model is trained: the group {@code model} of an experiment file. Either a checkpoint, or a
 * config.json whose weights are drawn from a seed.
 *
 * @param checkpoint a Hugging Face directory
 * @param config a config.json; tokenizer files stand beside it
 * @param initialise seed of the weights drawn for {@code config}
 * @param dtype number format of the base in compute: float32 or bfloat16
 */
public record ModelChoice(
    Optional<String> checkpoint,
    Optional<String> config,
    Optional<Long> initialise,
    @Default("float32") DType dtype) {
  public ModelChoice {
    new Faults()
        .check(
            checkpoint.isPresent() != config.isPresent(),
            "checkpoint",
            checkpoint.orElse(null),
            "give either checkpoint (a directory) or config and initialise (to train from scratch)")
        .check(
            config.isPresent() == initialise.isPresent(),
            "initialise",
            initialise.orElse(null),
            "it goes with config: the seed that fresh weights are drawn from, e.g. 17")
        .check(dtype.isComputed(), "dtype", dtype, DType.NOT_COMPUTED)
        .throwIfAny();
  }
}
