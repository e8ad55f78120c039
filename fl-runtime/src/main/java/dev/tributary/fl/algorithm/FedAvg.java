// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Clients train from the global adapter; the next one is their weighted mean.
 *
 * <p>McMahan et al. 2017, <a href="https://arxiv.org/abs/1602.05629">Communication-Efficient
 * Learning of Deep Networks from Decentralized Data</a>, algorithm 1. Deviations: weights are what
 * {@code training.weighting} says, by default examples seen instead of examples held; a client's
 * share is of this round's cohort. Factors of low-rank adapters are averaged one by one (FedIT), so
 * their product is not the mean of the products.
 */
public record FedAvg() implements FederatedAlgorithm {
  /** {@code algorithm: {name: fedavg}} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: fedavg}. */
  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "fedavg";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new FedAvg();
    }
  }

  @Override
  public ClientAnswer train(LocalTraining client) {
    LocalTraining.Trained trained = client.train(client.global().adapter(), List.of());
    return new ClientAnswer(Map.of(ADAPTER, trained.adapter()), Map.of(), trained.report());
  }

  @Override
  public ServerState aggregate(ServerState before, Cohort cohort) {
    Map<String, NamedTensors.Tensor> mean = new LinkedHashMap<>();
    for (String name : before.adapter().names()) {
      mean.put(name, cohort.weightedMean(ADAPTER, name));
    }
    return new ServerState(new NamedTensors(mean), before.shared(), before.own());
  }
}
