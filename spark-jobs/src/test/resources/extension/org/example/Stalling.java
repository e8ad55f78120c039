package org.example;

import dev.tributary.fl.algorithm.ClientAnswer;
import dev.tributary.fl.algorithm.Cohort;
import dev.tributary.fl.algorithm.FedAvg;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.LocalTraining;
import dev.tributary.fl.algorithm.ServerState;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** FedAvg that stops in the middle of an aggregation while a file is there, so that it can be killed. */
public record Stalling(Path file) implements FederatedAlgorithm {
  public record Config(String file) implements Serializable {}

  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "stalling";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new Stalling(Path.of(config.file()));
    }
  }

  @Override
  public ClientAnswer train(LocalTraining client) {
    return new FedAvg().train(client);
  }

  @Override
  public ServerState aggregate(ServerState before, Cohort cohort) {
    ServerState next = new FedAvg().aggregate(before, cohort);
    try {
      if (cohort.round() == 2 && Files.exists(file)) {
        Files.writeString(file, "reached");
        Thread.sleep(600_000);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return next;
  }
}
