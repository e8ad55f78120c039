// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Every parameter of the model is trained, from the checkpoint's values. Nothing is configured. */
public record FullFineTuning() implements AdapterMethod {
  /** {@code adapter: {method: full}} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code method: full}. */
  public static final class Provider implements AdapterMethod.Provider<Config> {
    @Override
    public String name() {
      return "full";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public AdapterMethod create(Config config) {
      return new FullFineTuning();
    }

    @Override
    public Optional<PeftFormat> format() {
      return Optional.of(new FullFormat());
    }
  }

  @Override
  public void check(ModelConfig model) {
    // Every model has parameters.
  }

  @Override
  public Placement placement(ModelConfig model) {
    return Placement.of(
        model.parameters().entrySet().stream()
            .map(
                p ->
                    new Placement.Placed(
                        p.getKey(), p.getValue(), Placement.Place.PARAMETER, p.getKey()))
            .toList());
  }

  @Override
  public NamedTensors initial(Checkpoint base, Seed seed) {
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    base.parameters().keySet().forEach(name -> tensors.put(name, base.parameter(name)));
    return new NamedTensors(tensors);
  }
}
