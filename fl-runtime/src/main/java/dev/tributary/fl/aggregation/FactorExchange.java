// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.aggregation.LoraAggregation.Factor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What of a low-rank adapter goes to a client, is trained there, and comes back, by a rule. Tensors
 * that are no factors pass as they are.
 */
public final class FactorExchange {
  private final LoraAggregation rule;
  private final Optional<LoraConfig> lora;

  public FactorExchange(LoraAggregation rule, AdapterMethod adapter) {
    this.rule = rule;
    this.lora = adapter instanceof Lora low ? Optional.of(low.config()) : Optional.empty();
  }

  LoraAggregation rule() {
    return rule;
  }

  /** A tensor's place in a layer. */
  private record Part(String layer, Factor factor) {}

  private Optional<Part> part(String name) {
    if (lora.isEmpty()) {
      return Optional.empty();
    }
    if (name.endsWith(Lora.A)) {
      return Optional.of(new Part(name.substring(0, name.length() - Lora.A.length()), Factor.A));
    }
    return name.endsWith(Lora.B)
        ? Optional.of(new Part(name.substring(0, name.length() - Lora.B.length()), Factor.B))
        : Optional.empty();
  }

  /** The layer that a tensor's factor belongs to, if it is one. */
  Optional<String> layer(String name) {
    return part(name).map(Part::layer);
  }

  /** Ranks of the global adapter that are trained; what is behind them is held. */
  int rank(String layer) {
    return lora.orElseThrow().rank(layer);
  }

  /** What a client starts from: its ranks of the global adapter, then what is held. */
  public NamedTensors sent(NamedTensors global, int client) {
    if (lora.isEmpty()) {
      return global;
    }
    Map<String, Tensor> sent = new LinkedHashMap<>();
    global
        .byName()
        .forEach(
            (name, tensor) ->
                sent.put(name, part(name).map(p -> sent(p, tensor, client)).orElse(tensor)));
    return new NamedTensors(sent);
  }

  private Tensor sent(Part part, Tensor tensor, int client) {
    int trained = rank(part.layer());
    int own = rule.rank(client, trained);
    if (own == trained) {
      return tensor;
    }
    int whole = FactorTensor.rank(tensor, part.factor());
    return FactorTensor.join(
        FactorTensor.cut(tensor, part.factor(), 0, own),
        FactorTensor.cut(tensor, part.factor(), trained, whole),
        part.factor());
  }

  /**
   * Where a client trains: 1 there and 0 elsewhere, of those tensors alone of which something is
   * held.
   *
   * @param sent as {@link #sent} gave it
   */
  public NamedTensors trained(NamedTensors sent, int client, int round) {
    Map<String, Tensor> masks = new LinkedHashMap<>();
    sent.byName()
        .forEach(
            (name, tensor) ->
                part(name)
                    .ifPresent(
                        part -> {
                          int own = rule.rank(client, rank(part.layer()));
                          int moving = rule.trains(part.factor(), round) ? own : 0;
                          if (moving < FactorTensor.rank(tensor, part.factor())) {
                            masks.put(name, FactorTensor.mask(tensor, part.factor(), moving));
                          }
                        }));
    return new NamedTensors(masks);
  }

  /**
   * What a client sends back: what it trained, and no more.
   *
   * @param adapter in the shapes that {@link #sent} gave
   */
  public NamedTensors answered(NamedTensors adapter, int client, int round) {
    Map<String, Tensor> answered = new LinkedHashMap<>();
    adapter
        .byName()
        .forEach(
            (name, tensor) -> {
              Optional<Part> part = part(name);
              if (part.isEmpty()) {
                answered.put(name, tensor);
              } else if (rule.trains(part.get().factor(), round)) {
                int own = rule.rank(client, rank(part.get().layer()));
                answered.put(name, FactorTensor.cut(tensor, part.get().factor(), 0, own));
              }
            });
    return new NamedTensors(answered);
  }
}
