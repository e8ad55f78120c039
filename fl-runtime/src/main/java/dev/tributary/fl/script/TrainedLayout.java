// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.ModelConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How trained tensors enter the script.
 *
 * @param kind which of the script's methods compute with them
 * @param names of the trained tensors, in the order of the state
 * @param slots name of the tensor at each place of the script's list; empty: none there
 * @param scale of low-rank updates, without dropout
 * @param dropout probability on the adapters' inputs
 */
record TrainedLayout(
    Kind kind, List<String> names, List<String> slots, double scale, double dropout) {
  enum Kind {
    /** Low-rank updates of frozen weights; none at all for the bare base. */
    ADAPTER,
    /** The weights themselves. */
    FULL,
    /** No model computes with them. */
    NONE
  }

  /**
   * @throws IllegalArgumentException if the state does not fit the adapter on this model
   */
  static TrainedLayout of(AdapterMethod adapter, ModelConfig model, NamedTensors state) {
    if (adapter instanceof Lora lora) {
      return lora(lora, model, state);
    }
    if (adapter instanceof BaseOnly) {
      check(state, Map.of());
      return new TrainedLayout(
          Kind.ADAPTER,
          List.of(),
          java.util.Collections.nCopies(2 * model.linearLayers().size(), ""),
          0,
          0);
    }
    if (adapter instanceof FullFineTuning) {
      check(state, model.parameters());
      return new TrainedLayout(Kind.FULL, state.names(), ScriptModel.weightNames(model), 0, 0);
    }
    throw new IllegalArgumentException("No script computes the adapter " + adapter);
  }

  static TrainedLayout withoutModel(NamedTensors state) {
    return new TrainedLayout(Kind.NONE, state.names(), List.of(), 0, 0);
  }

  private static TrainedLayout lora(Lora lora, ModelConfig model, NamedTensors state) {
    lora.check(model);
    long rank = lora.config().rank();
    Map<String, List<Long>> wanted = new LinkedHashMap<>();
    List<ModelConfig.LinearLayer> targets = lora.targets(model);
    for (ModelConfig.LinearLayer layer : targets) {
      wanted.put(layer.name() + Lora.A, List.of(rank, (long) layer.inputs()));
      wanted.put(layer.name() + Lora.B, List.of((long) layer.outputs(), rank));
    }
    check(state, wanted);
    List<String> slots =
        model.linearLayers().stream()
            .flatMap(
                layer ->
                    (targets.contains(layer)
                            ? List.of(layer.name() + Lora.A, layer.name() + Lora.B)
                            : List.of("", ""))
                        .stream())
            .toList();
    return new TrainedLayout(
        Kind.ADAPTER, state.names(), slots, lora.config().scale(), lora.config().dropout());
  }

  private static void check(NamedTensors state, Map<String, List<Long>> wanted) {
    for (String name : state.names()) {
      if (!wanted.containsKey(name)) {
        throw new IllegalArgumentException(
            "Tensor " + name + " is none of those that are trained: " + wanted.keySet());
      }
    }
    wanted.forEach(
        (name, shape) -> {
          NamedTensors.Tensor given = state.byName().get(name);
          if (given == null || !Objects.equals(given.shape(), shape)) {
            throw new IllegalArgumentException(
                "Tensor "
                    + name
                    + " of shape "
                    + shape
                    + " is trained, but given is "
                    + (given == null ? "none of that name" : "one of shape " + given.shape()));
          }
        });
  }
}
