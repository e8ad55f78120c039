// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.Placement;
import dev.tributary.fl.adapter.Placement.Encoder;
import dev.tributary.fl.adapter.Placement.Place;
import dev.tributary.fl.adapter.Placement.Placed;
import dev.tributary.fl.model.ModelConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How trained tensors enter the script.
 *
 * @param names of those that enter as they are, in the order of the script's list
 * @param encoder that makes one more
 * @param places in the script of each, the encoder's output last: from 0 on of its weights, below 0
 *     of what stands beside them
 * @param masks of dropout, in the order of the script's list
 * @param scales of low-rank updates, one for each linear layer, without dropout
 * @param dropout probability on the adapters' inputs
 * @param lowRank whether nothing but low-rank updates enters
 * @param virtualTokens in front of every text
 */
record TrainedLayout(
    List<String> names,
    Optional<Encoder> encoder,
    long[] places,
    List<Mask> masks,
    double[] scales,
    double dropout,
    boolean lowRank,
    int virtualTokens) {
  /**
   * Places of a linear layer in the script's list: A, B, magnitude, two factors, dropout's mask.
   */
  static final int SLOTS = 6;

  /**
   * A layer whose adapter has dropout on its input.
   *
   * @param slot of the mask in the script's list
   * @param labelRowsOnly whether only the rows of labels come there, behind the last attention
   */
  record Mask(ModelConfig.LinearLayer layer, int slot, boolean labelRowsOnly) {}

  static TrainedLayout of(Placement placement, ModelConfig model) {
    List<ModelConfig.LinearLayer> layers = model.linearLayers();
    Map<String, Integer> layerPlaces =
        places(layers.stream().map(ModelConfig.LinearLayer::name).toList());
    Map<String, Integer> weightPlaces = places(ScriptSource.weightNames(model));
    int ofBlock = layers.size() / model.layers();
    List<Placed> placed = placement.placed();
    long[] places = new long[placed.size()];
    List<Mask> masks = new ArrayList<>();
    for (int i = 0; i < places.length; i++) {
      Placed tensor = placed.get(i);
      int layer = layerPlaces.getOrDefault(tensor.at(), -1);
      if (tensor.place() == Place.PARAMETER) {
        places[i] = Objects.requireNonNull(weightPlaces.get(tensor.at()), tensor.at());
      } else {
        places[i] = -1L - slot(tensor.place(), layer, layers.size());
      }
      if (tensor.place() == Place.LOW_RANK_A && placement.dropout() > 0) {
        boolean last = layer >= layers.size() - ofBlock + model.attentionInputs();
        masks.add(new Mask(layers.get(layer), SLOTS * layer + SLOTS - 1, last));
      }
    }
    double[] scales =
        layers.stream()
            .map(ModelConfig.LinearLayer::name)
            .mapToDouble(name -> Objects.requireNonNullElse(placement.scales().get(name), 0.0))
            .toArray();
    return new TrainedLayout(
        placement.tensors().stream().map(Placed::name).toList(),
        placement.encoder(),
        places,
        masks,
        scales,
        placement.dropout(),
        placement.isLowRank(),
        placement.virtualTokens());
  }

  /** The first place of each name; a tied head is the embedding's. */
  private static Map<String, Integer> places(List<String> names) {
    Map<String, Integer> places = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      places.putIfAbsent(names.get(i), i);
    }
    return places;
  }

  private static int slot(Place place, int layer, int layers) {
    return switch (place) {
      case LOW_RANK_A -> SLOTS * layer;
      case LOW_RANK_B -> SLOTS * layer + 1;
      case MAGNITUDE -> SLOTS * layer + 2;
      case INPUT_FACTOR -> SLOTS * layer + 3;
      case OUTPUT_FACTOR -> SLOTS * layer + 4;
      // behind the layers stand the scales
      case VIRTUAL_EMBEDDINGS -> SLOTS * layers + 1;
      case VIRTUAL_KEYS_AND_VALUES -> SLOTS * layers + 2;
      case PARAMETER -> throw new IllegalArgumentException("A parameter is a weight");
    };
  }

  /** Of tensors that no model computes with. */
  static TrainedLayout withoutModel(NamedTensors state) {
    return new TrainedLayout(
        state.names(), Optional.empty(), new long[0], List.of(), new double[0], 0, false, 0);
  }

  /** Names of the encoder's trained tensors, as it counts them. */
  List<String> encoderNames() {
    return encoder.map(Encoder::inputs).map(Map::keySet).map(List::copyOf).orElse(List.of());
  }
}
