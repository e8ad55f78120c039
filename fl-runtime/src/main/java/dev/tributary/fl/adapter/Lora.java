// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.adapter.Placement.Place;
import dev.tributary.fl.adapter.Placement.Placed;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.Fault;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Low-rank updates of linear layers: {@code h = W₀x + scale·B·A·dropout(x)}.
 *
 * <p>Hu et al. 2021, <a href="https://arxiv.org/abs/2106.09685">LoRA</a>, equation 3. {@code A} is
 * (rank, inputs), {@code B} (outputs, rank) and zero at the start, so an untrained adapter is the
 * base. The paper draws {@code A} from a Gaussian; we follow its code (loralib) and PEFT:
 * Kaiming-uniform with a = sqrt(5), which is uniform within ±1/sqrt(inputs).
 *
 * <p>With {@code use-dora} (Liu et al. 2024, <a href="https://arxiv.org/abs/2402.09353">DoRA</a>,
 * equation 5) the sum's rows are brought to trained norms; no gradient goes through the norm that
 * divides (section 4.3).
 */
public record Lora(LoraConfig config) implements AdapterMethod {
  /** What stands behind a layer's name for {@code A}; for {@code B} see {@link #B}. */
  public static final String A = ".lora_A.weight";

  public static final String B = ".lora_B.weight";

  /** Of DoRA; PEFT saves it under a name without {@code .weight}. */
  static final String MAGNITUDE = ".lora_magnitude_vector";

  /** Chosen by {@code method: lora}. */
  public static final class Provider implements AdapterMethod.Provider<LoraConfig> {
    @Override
    public String name() {
      return "lora";
    }

    @Override
    public Class<LoraConfig> configType() {
      return LoraConfig.class;
    }

    @Override
    public AdapterMethod create(LoraConfig config) {
      return new Lora(config);
    }

    @Override
    public Optional<PeftFormat> format() {
      return Optional.of(new LoraFormat());
    }
  }

  /** The adapted layers in the order of the model. */
  public List<ModelConfig.LinearLayer> targets(ModelConfig model) {
    return TargetModules.of(model, config.targetModules());
  }

  @Override
  public void check(ModelConfig model) {
    List<Fault> faults = TargetModules.faults(model, "target-modules", config.targetModules());
    if (!faults.isEmpty()) {
      throw new ConfigException(faults);
    }
  }

  @Override
  public Placement placement(ModelConfig model) {
    List<Placed> tensors = new ArrayList<>();
    Map<String, Double> scales = new HashMap<>();
    List<ModelConfig.LinearLayer> targets = targets(model);
    Set<String> biases = new HashSet<>();
    for (ModelConfig.LinearLayer layer : targets) {
      String name = layer.name();
      long rank = config.rank(name);
      long outputs = layer.outputs();
      tensors.add(
          new Placed(name + A, List.of(rank, (long) layer.inputs()), Place.LOW_RANK_A, name));
      tensors.add(new Placed(name + B, List.of(outputs, rank), Place.LOW_RANK_B, name));
      if (config.useDora()) {
        tensors.add(new Placed(name + MAGNITUDE, List.of(outputs), Place.MAGNITUDE, name));
      }
      scales.put(name, config.scale(name));
      biases.add(layer.bias());
    }
    if (config.bias() != LoraConfig.Bias.NONE) {
      model
          .parameters()
          .forEach(
              (parameter, shape) -> {
                boolean adapted = biases.contains(parameter);
                if (adapted
                    || (config.bias() == LoraConfig.Bias.ALL && parameter.endsWith(".bias"))) {
                  String name = adapted ? inBaseLayer(parameter) : parameter;
                  tensors.add(new Placed(name, shape, Place.PARAMETER, parameter));
                }
              });
    }
    return new Placement(tensors, Optional.empty(), scales, config.dropout(), 0);
  }

  /** PEFT wraps an adapted layer; what it had before is called so. */
  private static String inBaseLayer(String bias) {
    return bias.substring(0, bias.length() - ".bias".length()) + ".base_layer.bias";
  }

  @Override
  public boolean stochastic() {
    return config.dropout() > 0;
  }

  @Override
  public AdapterMethod withoutDropout() {
    return new Lora(config.withDropout(0));
  }

  /** Updates keep their scale, whatever their ranks are. */
  @Override
  public AdapterMethod fitting(NamedTensors state) {
    Map<String, Integer> ranks = new LinkedHashMap<>();
    state
        .byName()
        .forEach(
            (name, tensor) -> {
              if (name.endsWith(A)) {
                String layer = name.substring(0, name.length() - A.length());
                ranks.put(layer, Math.toIntExact(tensor.shape().get(0)));
              }
            });
    boolean fits = ranks.entrySet().stream().allMatch(r -> r.getValue() == config.rank(r.getKey()));
    return fits ? this : new Lora(config.withRanks(ranks));
  }

  @Override
  public NamedTensors initial(Checkpoint base, Seed seed) {
    check(base.config());
    Map<String, ModelConfig.LinearLayer> layers = Placement.layers(base.config());
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    for (Placed placed : placement(base.config()).tensors()) {
      NamedTensors.Tensor start =
          switch (placed.place()) {
            case LOW_RANK_A -> InitialValues.kaiming(placed.shape(), seed.child(placed.name()));
            case LOW_RANK_B -> InitialValues.constant(placed.shape(), 0);
            case MAGNITUDE ->
                outputNorms(base, Objects.requireNonNull(layers.get(placed.at()), placed.at()));
            default -> base.parameter(placed.at());
          };
      tensors.put(placed.name(), start);
    }
    return new NamedTensors(tensors);
  }

  /** {@code A} of a layer as it is drawn before the first round. */
  public static NamedTensors.Tensor freshA(long rank, long inputs, Seed seed) {
    return InitialValues.kaiming(List.of(rank, inputs), seed);
  }

  /** L2 norm of each output's weights: the magnitudes of an untrained adapter. */
  private static NamedTensors.Tensor outputNorms(Checkpoint base, ModelConfig.LinearLayer layer) {
    float[] weight = base.parameter(layer.weight()).values();
    int inputs = layer.inputs();
    int outputs = layer.outputs();
    float[] norms = new float[outputs];
    for (int o = 0; o < outputs; o++) {
      double squares = 0;
      for (int i = 0; i < inputs; i++) {
        double value = weight[layer.inputsFirst() ? i * outputs + o : o * inputs + i];
        squares += value * value;
      }
      norms[o] = (float) Math.sqrt(squares);
    }
    return new NamedTensors.Tensor(List.of((long) outputs), norms);
  }
}
