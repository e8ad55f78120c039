// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.adapter.Placement;
import dev.tributary.fl.adapter.Placement.Place;
import dev.tributary.fl.adapter.Placement.Placed;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint's parameters with an adapter in them. A linear layer {@code W x + b} becomes {@code
 * f_out (m/n (W + scale B A) (f_in x) + b)}, as far as there is a low-rank update, a magnitude m
 * over the norm n of the sum's rows, factors of inputs and outputs; other trained parameters take
 * the place of the base's.
 */
final class Merge {
  private final Checkpoint base;
  private final NamedTensors state;
  private final Map<String, Double> scales;
  private final Map<String, String> replaced = new HashMap<>();
  private final Map<String, Map<Place, String>> byLayer = new HashMap<>();
  private final Map<String, ModelConfig.LinearLayer> byWeight = new HashMap<>();
  private final Map<String, ModelConfig.LinearLayer> byBias = new HashMap<>();

  /**
   * @throws IllegalArgumentException if the adapter is no change of weights
   */
  Merge(Checkpoint base, AdapterMethod method, NamedTensors state) {
    this.base = base;
    this.state = state;
    Placement placement = method.placement(base.config());
    if (!placement.isMergeable()) {
      throw new IllegalArgumentException(
          "Cannot merge "
              + method
              + " into a checkpoint: virtual tokens are no change of weights; export the adapter"
              + " without --merged");
    }
    this.scales = placement.scales();
    for (Placed placed : placement.placed()) {
      if (placed.place() == Place.PARAMETER) {
        replaced.put(placed.at(), placed.name());
      } else {
        byLayer
            .computeIfAbsent(placed.at(), layer -> new EnumMap<>(Place.class))
            .put(placed.place(), placed.name());
      }
    }
    for (ModelConfig.LinearLayer layer : base.config().linearLayers()) {
      byWeight.put(layer.weight(), layer);
      byBias.put(layer.bias(), layer);
    }
  }

  /** Whether a parameter's values differ from the base's. */
  boolean changes(String parameter) {
    ModelConfig.LinearLayer weight = byWeight.get(parameter);
    ModelConfig.LinearLayer bias = byBias.get(parameter);
    return replaced.containsKey(parameter)
        || (weight != null && byLayer.containsKey(weight.name()))
        || (bias != null && trained(bias, Place.OUTPUT_FACTOR).isPresent());
  }

  /** A parameter's values, float32. */
  Tensor of(String parameter) {
    Tensor start =
        replaced.containsKey(parameter)
            ? state.get(replaced.getOrDefault(parameter, ""))
            : base.parameter(parameter);
    ModelConfig.LinearLayer weight = byWeight.get(parameter);
    if (weight != null && byLayer.containsKey(weight.name())) {
      return weight(weight, start);
    }
    ModelConfig.LinearLayer bias = byBias.get(parameter);
    if (bias == null) {
      return start;
    }
    return trained(bias, Place.OUTPUT_FACTOR)
        .map(
            factors -> {
              float[] values = start.values().clone();
              for (int o = 0; o < values.length; o++) {
                values[o] *= factors.values()[o];
              }
              return new Tensor(start.shape(), values);
            })
        .orElse(start);
  }

  private Optional<Tensor> trained(ModelConfig.LinearLayer layer, Place place) {
    return Optional.ofNullable(byLayer.getOrDefault(layer.name(), Map.of()).get(place))
        .map(state::get);
  }

  private Tensor weight(ModelConfig.LinearLayer layer, Tensor start) {
    int inputs = layer.inputs();
    int outputs = layer.outputs();
    float[] values = start.values().clone();
    // element (output o, input i) stands at o * byOutput + i * byInput
    int byOutput = layer.inputsFirst() ? 1 : inputs;
    int byInput = layer.inputsFirst() ? outputs : 1;
    Optional<Tensor> a = trained(layer, Place.LOW_RANK_A);
    Optional<Tensor> b = trained(layer, Place.LOW_RANK_B);
    Optional<Tensor> magnitudes = trained(layer, Place.MAGNITUDE);
    Optional<Tensor> inputFactors = trained(layer, Place.INPUT_FACTOR);
    Optional<Tensor> outputFactors = trained(layer, Place.OUTPUT_FACTOR);
    float[] row = new float[inputs];
    for (int o = 0; o < outputs; o++) {
      java.util.Arrays.fill(row, 0);
      if (a.isPresent() && b.isPresent()) {
        update(a.get(), b.get(), o, row);
      }
      float scale = scales.getOrDefault(layer.name(), 0.0).floatValue();
      for (int i = 0; i < inputs; i++) {
        row[i] = values[o * byOutput + i * byInput] + scale * row[i];
      }
      float factor = outputFactors.isPresent() ? outputFactors.get().values()[o] : 1;
      if (magnitudes.isPresent()) {
        factor *= (float) (magnitudes.get().values()[o] / norm(row));
      }
      for (int i = 0; i < inputs; i++) {
        float input = inputFactors.isPresent() ? inputFactors.get().values()[i] : 1;
        values[o * byOutput + i * byInput] = row[i] * factor * input;
      }
    }
    return new Tensor(start.shape(), values);
  }

  /** Row o of B A, B (outputs, rank), A (rank, inputs). */
  private static void update(Tensor a, Tensor b, int o, float[] row) {
    int rank = Math.toIntExact(a.shape().get(0));
    if (!a.shape().equals(List.of((long) rank, (long) row.length))) {
      throw new IllegalArgumentException(
          "An update of shapes " + b.shape() + ", " + a.shape() + " has no rows of " + row.length);
    }
    for (int r = 0; r < rank; r++) {
      float factor = b.values()[o * rank + r];
      for (int i = 0; i < row.length; i++) {
        row[i] += factor * a.values()[r * row.length + i];
      }
    }
  }

  private static double norm(float[] row) {
    double squares = 0;
    for (float value : row) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares);
  }
}
