// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.model.ModelConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Where a method's trained tensors enter a model. What an engine computes with, what a file holds
 * and what can be merged all follow from it: a new method that needs no new place is one class.
 *
 * @param tensors that enter the model as they are, in the order of the state
 * @param encoder makes one more tensor out of trained ones; those follow in the state
 * @param scales what the low-rank update of a layer is multiplied by, by the layer's name
 * @param dropout probability on the input of low-rank updates
 * @param virtualTokens that stand in front of every text
 */
public record Placement(
    List<Placed> tensors,
    Optional<Encoder> encoder,
    Map<String, Double> scales,
    double dropout,
    int virtualTokens) {

  /** The places of a model. */
  public enum Place {
    /** A parameter of the checkpoint itself, under its name. */
    PARAMETER,
    /** (rank, inputs) of a linear layer: {@code W x + scale B A dropout(x)}. */
    LOW_RANK_A,
    /** (outputs, rank). */
    LOW_RANK_B,
    /** (outputs): the norm that each output's weights are brought to, update included (DoRA). */
    MAGNITUDE,
    /** (1, inputs): what a layer's inputs are multiplied by. */
    INPUT_FACTOR,
    /** (outputs, 1): what a layer's outputs are multiplied by, bias included. */
    OUTPUT_FACTOR,
    /** (virtual tokens, embedding size): they stand in front of every text's embeddings. */
    VIRTUAL_EMBEDDINGS,
    /**
     * (virtual tokens, 2 x layers x key heads x head size): keys, then values of each block, that
     * stand in front of every text's, without positions of their own.
     */
    VIRTUAL_KEYS_AND_VALUES
  }

  /**
   * A tensor at its place.
   *
   * @param name in the state
   * @param at name of the parameter or of the linear layer; empty for virtual tokens
   */
  public record Placed(String name, List<Long> shape, Place place, String at) {
    public Placed {
      shape = List.copyOf(shape);
    }
  }

  /**
   * A small network that is trained in place of what it gives.
   *
   * @param script class path resource of its TorchScript source, with the methods {@code encoded}
   *     and {@code gradients}
   * @param inputs its trained tensors and their shapes, as the source counts them
   * @param output what it gives
   */
  public record Encoder(String script, Map<String, List<Long>> inputs, Placed output) {}

  public Placement {
    tensors = List.copyOf(tensors);
    scales = Map.copyOf(scales);
  }

  /** Tensors without scales, dropout, virtual tokens. */
  public static Placement of(List<Placed> tensors) {
    return new Placement(tensors, Optional.empty(), Map.of(), 0, 0);
  }

  /** A tensor of virtual tokens, trained itself or by an encoder. */
  static Placement ofVirtual(Placed placed, Optional<Encoder> encoder) {
    return new Placement(
        encoder.isPresent() ? List.of() : List.of(placed),
        encoder,
        Map.of(),
        0,
        Math.toIntExact(placed.shape().get(0)));
  }

  /** Names and shapes of all trained tensors, in the order of the state. */
  public Map<String, List<Long>> shapes() {
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    tensors.forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
    encoder.ifPresent(e -> shapes.putAll(e.inputs()));
    return shapes;
  }

  /** What enters the model: the tensors, and what the encoder gives. */
  public List<Placed> placed() {
    List<Placed> all = new ArrayList<>(tensors);
    encoder.ifPresent(e -> all.add(e.output()));
    return all;
  }

  /** Whether weights of linear layers are trained themselves. */
  public boolean isFull() {
    return tensors.stream()
        .anyMatch(p -> p.place() == Place.PARAMETER && p.at().endsWith(".weight"));
  }

  /** Whether nothing but low-rank updates of linear layers enters. */
  public boolean isLowRank() {
    return placed().stream()
        .allMatch(p -> p.place() == Place.LOW_RANK_A || p.place() == Place.LOW_RANK_B);
  }

  /**
   * @throws IllegalArgumentException if names or shapes differ from the trained tensors'
   */
  public void check(NamedTensors state) {
    Map<String, List<Long>> wanted = shapes();
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

  /** The linear layers of a model by name. */
  public static Map<String, ModelConfig.LinearLayer> layers(ModelConfig model) {
    return model.linearLayers().stream()
        .collect(Collectors.toMap(ModelConfig.LinearLayer::name, Function.identity()));
  }

  /** Places at which a change can be written into the checkpoint's own parameters. */
  static final Set<Place> MERGEABLE =
      Set.of(
          Place.PARAMETER,
          Place.LOW_RANK_A,
          Place.LOW_RANK_B,
          Place.MAGNITUDE,
          Place.INPUT_FACTOR,
          Place.OUTPUT_FACTOR);

  /** Whether all of it can be merged into a checkpoint. */
  public boolean isMergeable() {
    return placed().stream().allMatch(p -> MERGEABLE.contains(p.place()));
  }
}
