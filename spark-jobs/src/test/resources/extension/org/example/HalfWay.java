package org.example;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.algorithm.ClientAnswer;
import dev.tributary.fl.algorithm.Cohort;
import dev.tributary.fl.algorithm.FedAvg;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.LocalTraining;
import dev.tributary.fl.algorithm.ServerState;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;

/** A user's algorithm: the server goes only a part of the way to the mean. */
public record HalfWay(double share) implements FederatedAlgorithm {
  public record Config(double share) implements Serializable {}

  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "half-way";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new HalfWay(config.share());
    }
  }

  @Override
  public ClientAnswer train(LocalTraining client) {
    return new FedAvg().train(client);
  }

  @Override
  public ServerState aggregate(ServerState before, Cohort cohort) {
    Map<String, Tensor> next = new LinkedHashMap<>();
    for (String name : before.adapter().names()) {
      Tensor old = before.adapter().get(name);
      float[] mean = cohort.weightedMean(ADAPTER, name).values();
      float[] values = new float[mean.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (old.values()[i] + share * (mean[i] - old.values()[i]));
      }
      next.put(name, new Tensor(old.shape(), values));
    }
    return before.withAdapter(new NamedTensors(next));
  }
}
