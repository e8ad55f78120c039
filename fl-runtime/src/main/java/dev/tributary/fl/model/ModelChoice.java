// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.util.Optional;

/**
 * Which model is trained: the group {@code model} of an experiment file. Either a checkpoint, or a
 * config.json whose weights are drawn from a seed.
 *
 * @param checkpoint a Hugging Face directory, or a model by its name on a hub
 * @param config a config.json; tokenizer files stand beside it
 * @param initialise seed of the weights drawn for {@code config}
 * @param dtype number format of the base in compute
 * @param int8 hold the blocks' linear layers as 8-bit integers
 * @param recomputeEvery blocks between kept activations; 0 keeps all
 * @param devices that one client computes on
 * @param acrossDevices what several devices share: a batch's examples (data) or the base's blocks
 *     (layers)
 * @param preparation what makes another model of it before training
 * @param offload keep the blocks in the host's memory
 */
public record ModelChoice(
    Optional<String> checkpoint,
    Optional<String> config,
    Optional<Long> initialise,
    @Default("float32") DType dtype,
    @Default("false") boolean int8,
    @Default("0") int recomputeEvery,
    @Default("1") int devices,
    @Default("data") Computation.AcrossDevices acrossDevices,
    @Default("false") boolean offload,
    @Default("none") Choice<ModelPreparation> preparation) {
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
        .throwIfAny();
    new Computation(dtype, int8, recomputeEvery, devices, acrossDevices, offload); // its faults
  }

  /** How it is held and computed. */
  public Computation computation() {
    return new Computation(dtype, int8, recomputeEvery, devices, acrossDevices, offload);
  }
}
