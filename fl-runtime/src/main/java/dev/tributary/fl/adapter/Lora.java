// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.Fault;
import dev.tributary.fl.config.Providers;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * Low-rank updates of linear layers: {@code h = W₀x + scale·B·A·dropout(x)}.
 *
 * <p>Hu et al. 2021, <a href="https://arxiv.org/abs/2106.09685">LoRA</a>, equation 3. {@code A} is
 * (rank, inputs), {@code B} (outputs, rank) and zero at the start, so an untrained adapter is the
 * base. The paper draws {@code A} from a Gaussian; we follow its code (loralib) and PEFT:
 * Kaiming-uniform with a = sqrt(5), which is uniform within ±1/sqrt(inputs).
 */
public record Lora(LoraConfig config) implements AdapterMethod {
  /** What stands behind a layer's name for {@code A}; for {@code B} see {@link #B}. */
  public static final String A = ".lora_A.weight";

  public static final String B = ".lora_B.weight";

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
  }

  /** The adapted layers in the order of the model. */
  public List<ModelConfig.LinearLayer> targets(ModelConfig model) {
    return model.linearLayers().stream()
        .filter(layer -> config.targetModules().contains(layer.kind()))
        .toList();
  }

  @Override
  public void check(ModelConfig model) {
    TreeSet<String> known = new TreeSet<>();
    model.linearLayers().forEach(layer -> known.add(layer.kind()));
    List<Fault> faults = new ArrayList<>();
    for (String target : config.targetModules()) {
      if (!known.contains(target)) {
        String hint =
            Providers.nearest(target, known).map(near -> "did you mean " + near + "? ").orElse("");
        faults.add(
            new Fault(
                "target-modules",
                target,
                hint + "the linear layers of a " + model.modelType() + " model are " + known));
      }
    }
    if (!faults.isEmpty()) {
      throw new ConfigException(faults);
    }
  }

  @Override
  public boolean stochastic() {
    return config.dropout() > 0;
  }

  @Override
  public NamedTensors initial(Checkpoint base, Seed seed) {
    return initial(base.config(), seed);
  }

  /** As the other; a low-rank start does not depend on the base's values. */
  public NamedTensors initial(ModelConfig model, Seed seed) {
    check(model);
    int rank = config.rank();
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    for (ModelConfig.LinearLayer layer : targets(model)) {
      // A seed per tensor: the same start whatever other layers are adapted.
      SplittableRandom random = seed.child(layer.name() + A).random();
      float bound = (float) (1 / Math.sqrt(layer.inputs()));
      float[] a = new float[Math.multiplyExact(rank, layer.inputs())];
      for (int i = 0; i < a.length; i++) {
        a[i] = (float) (random.nextDouble() * 2 - 1) * bound;
      }
      float[] b = new float[Math.multiplyExact(layer.outputs(), rank)];
      tensors.put(
          layer.name() + A,
          new NamedTensors.Tensor(List.of((long) rank, (long) layer.inputs()), a));
      tensors.put(
          layer.name() + B,
          new NamedTensors.Tensor(List.of((long) layer.outputs(), (long) rank), b));
    }
    return new NamedTensors(tensors);
  }
}
