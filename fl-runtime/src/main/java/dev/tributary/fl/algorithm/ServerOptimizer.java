// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A server that takes the cohort's mean change as the gradient of an optimiser of its own; clients
 * train as in FedAvg.
 *
 * <p>Reddi et al. 2021, <a href="https://arxiv.org/abs/2003.00295">Adaptive Federated
 * Optimization</a>, algorithm 1, on round deltas: {@code delta = mean(client) - global}. Deviation:
 * the mean is weighted as {@code training.weighting} says. Moments are float32 in the ledger, the
 * arithmetic of a round is float64.
 */
interface ServerOptimizer extends FederatedAlgorithm {
  /** What is remembered of each number, by name, and what it is before the first round. */
  Map<String, Double> moments();

  /**
   * How far a number moves.
   *
   * @param delta the cohort's mean change
   * @param moments in the order of {@link #moments()}; changed in place
   */
  double step(double delta, double[] moments);

  @Override
  default boolean averages() {
    return false;
  }

  @Override
  default ServerState initial(NamedTensors adapter) {
    Map<String, NamedTensors> own = new LinkedHashMap<>();
    moments().forEach((name, value) -> own.put(name, filled(adapter, value.floatValue())));
    return new ServerState(adapter, Map.of(), own);
  }

  private static NamedTensors filled(NamedTensors like, float value) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    like.byName()
        .forEach(
            (name, tensor) -> {
              float[] values = new float[tensor.values().length];
              Arrays.fill(values, value);
              tensors.put(name, new Tensor(tensor.shape(), values));
            });
    return new NamedTensors(tensors);
  }

  @Override
  default ClientAnswer train(LocalTraining client) {
    return new FedAvg().train(client);
  }

  @Override
  default ServerState aggregate(ServerState before, Cohort cohort) {
    List<String> kinds = List.copyOf(moments().keySet());
    List<NamedTensors> old = kinds.stream().map(kind -> own(before, kind)).toList();
    Map<String, Tensor> adapter = new LinkedHashMap<>();
    List<Map<String, Tensor>> own = new ArrayList<>();
    kinds.forEach(kind -> own.add(new LinkedHashMap<>()));
    for (String name : before.adapter().names()) {
      float[] mean = cohort.weightedMean(ADAPTER, name).values();
      Tensor from = before.adapter().get(name);
      float[] next = new float[mean.length];
      float[][] now = new float[kinds.size()][mean.length];
      double[] moments = new double[kinds.size()];
      for (int i = 0; i < mean.length; i++) {
        for (int k = 0; k < moments.length; k++) {
          moments[k] = old.get(k).get(name).values()[i];
        }
        double value = from.values()[i];
        next[i] = (float) (value + step(mean[i] - value, moments));
        for (int k = 0; k < moments.length; k++) {
          now[k][i] = (float) moments[k];
        }
      }
      adapter.put(name, new Tensor(from.shape(), next));
      for (int k = 0; k < moments.length; k++) {
        own.get(k).put(name, new Tensor(from.shape(), now[k]));
      }
    }
    Map<String, NamedTensors> kept = new LinkedHashMap<>();
    for (int k = 0; k < kinds.size(); k++) {
      kept.put(kinds.get(k), new NamedTensors(own.get(k)));
    }
    return new ServerState(new NamedTensors(adapter), before.shared(), kept);
  }

  private static NamedTensors own(ServerState state, String kind) {
    NamedTensors moments = state.own().get(kind);
    if (moments == null) {
      throw new IllegalStateException("The state has no " + kind + ": " + state.own().keySet());
    }
    return moments;
  }
}
