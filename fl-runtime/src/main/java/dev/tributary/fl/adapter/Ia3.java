// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.adapter.Placement.Place;
import dev.tributary.fl.adapter.Placement.Placed;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.Fault;
import dev.tributary.fl.config.Portable;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.ModelConfig.LinearLayer;
import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Factors of keys, values and the MLP's inner activations.
 *
 * <p>Liu et al. 2022, <a href="https://arxiv.org/abs/2205.05638">(IA)³</a>, section 3.3: vectors
 * that start at 1. Of an MLP's last layer the inputs are multiplied, of others the outputs, bias
 * included. Which layers these are in each family is PEFT's choice.
 */
public record Ia3(Config config) implements AdapterMethod {
  /** What stands behind a layer's name. */
  static final String FACTORS = ".ia3_l";

  /** PEFT 0.16's choice; the last one is that whose inputs are multiplied. */
  private static final Map<String, List<String>> USUAL =
      Map.of(
          "llama", List.of("k_proj", "v_proj", "down_proj"),
          "mistral", List.of("k_proj", "v_proj", "down_proj"),
          "qwen2", List.of("q_proj", "v_proj", "down_proj"),
          "opt", List.of("q_proj", "k_proj", "fc2"),
          "gpt2", List.of("c_attn", "mlp.c_proj"),
          "bloom", List.of("query_key_value", "mlp.dense_4h_to_h"));

  /**
   * @param targetModules names of layers, or the ends of them after a dot; the family's usual ones
   *     where it is left out
   * @param feedforwardModules those of them whose inputs are multiplied; the family's usual one
   *     where both are left out, none where only this is
   */
  public record Config(
      Optional<List<String>> targetModules, Optional<List<String>> feedforwardModules)
      implements Serializable {
    public Config {
      targetModules = targetModules.map(List::copyOf);
      feedforwardModules = feedforwardModules.map(List::copyOf);
    }

    private Object writeReplace() {
      return Portable.of(this);
    }
  }

  /** Chosen by {@code method: ia3}. */
  public static final class Provider implements AdapterMethod.Provider<Config> {
    @Override
    public String name() {
      return "ia3";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public AdapterMethod create(Config config) {
      return new Ia3(config);
    }

    @Override
    public Optional<PeftFormat> format() {
      return Optional.of(new Ia3Format());
    }
  }

  /** Names of the layers with factors. */
  List<String> targets(ModelConfig model) {
    return config
        .targetModules()
        .orElseGet(() -> Objects.requireNonNullElse(USUAL.get(model.modelType()), List.of()));
  }

  /** Names of those of them whose inputs are multiplied. */
  List<String> feedforward(ModelConfig model) {
    return config
        .feedforwardModules()
        .orElseGet(
            () -> {
              List<String> usual = config.targetModules().isPresent() ? List.of() : targets(model);
              return usual.subList(Math.max(0, usual.size() - 1), usual.size());
            });
  }

  @Override
  public void check(ModelConfig model) {
    List<Fault> faults = new ArrayList<>();
    if (targets(model).isEmpty()) {
      faults.add(
          new Fault(
              "target-modules",
              config.targetModules().orElse(null),
              "models of type " + model.modelType() + " have no usual ones; name the layers"));
    }
    faults.addAll(TargetModules.faults(model, "target-modules", targets(model)));
    List<LinearLayer> meant = TargetModules.of(model, targets(model));
    for (String name : feedforward(model)) {
      if (meant.stream().noneMatch(layer -> layer.isMeantBy(name))) {
        faults.add(
            new Fault("feedforward-modules", name, "it must be among target-modules as well"));
      }
    }
    if (!faults.isEmpty()) {
      throw new ConfigException(faults);
    }
  }

  @Override
  public Placement placement(ModelConfig model) {
    List<String> feedforward = feedforward(model);
    List<Placed> tensors = new ArrayList<>();
    for (LinearLayer layer : TargetModules.of(model, targets(model))) {
      boolean inputs = feedforward.stream().anyMatch(layer::isMeantBy);
      tensors.add(
          new Placed(
              layer.name() + FACTORS,
              inputs ? List.of(1L, (long) layer.inputs()) : List.of((long) layer.outputs(), 1L),
              inputs ? Place.INPUT_FACTOR : Place.OUTPUT_FACTOR,
              layer.name()));
    }
    return Placement.of(tensors);
  }

  @Override
  public NamedTensors initial(Checkpoint base, Seed seed) {
    check(base.config());
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    placement(base.config())
        .shapes()
        .forEach((name, shape) -> tensors.put(name, InitialValues.constant(shape, 1)));
    return new NamedTensors(tensors);
  }
}
