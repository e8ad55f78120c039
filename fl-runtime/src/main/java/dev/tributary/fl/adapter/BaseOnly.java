// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.seed.Seed;
import java.util.List;
import java.util.Map;

/**
 * No trained tensors: the checkpoint as it is, to be evaluated or compared with. Not registered, as
 * an experiment that trains needs something to train.
 */
public record BaseOnly() implements AdapterMethod {
  @Override
  public void check(ModelConfig model) {
    // Nothing is asked of the model.
  }

  @Override
  public Placement placement(ModelConfig model) {
    return Placement.of(List.of());
  }

  @Override
  public NamedTensors initial(Checkpoint base, Seed seed) {
    return new NamedTensors(Map.of());
  }
}
