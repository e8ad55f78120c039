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
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.spark.SparkEnv;

/**
 * FedAvg that loses, once in the second round, all that the driver has broadcast, and both
 * executors: those that take their place find nothing.
 *
 * @param file says by its content what has happened
 */
public record LosingBroadcast(String file) implements FederatedAlgorithm {
  public record Config(String file) implements Serializable {}

  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "losing-broadcast";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new LosingBroadcast(config.file());
    }
  }

  private static final int MORE_THAN_THERE_ARE = 200;

  /** On executors: the first two clients of the second round end with their processes. */
  @Override
  public ClientAnswer train(LocalTraining client) {
    if (client.round() == 2 && (first("") || first(".second"))) {
      await("lost");
      Runtime.getRuntime().halt(137);
    }
    return new FedAvg().train(client);
  }

  /** On the driver, which loses it while the second round is under way. */
  @Override
  public ServerState aggregate(ServerState before, Cohort cohort) {
    if (cohort.round() == 1) {
      SparkEnv driver = SparkEnv.get();
      Thread losing =
          new Thread(
              () -> {
                await("lose");
                for (long broadcast = 0; broadcast < MORE_THAN_THERE_ARE; broadcast++) {
                  driver.broadcastManager().unbroadcast(broadcast, true, true);
                }
                write("", "lost", StandardOpenOption.TRUNCATE_EXISTING);
              });
      losing.setDaemon(true);
      losing.start();
    }
    return new FedAvg().aggregate(before, cohort);
  }

  private boolean first(String which) {
    try {
      write(which, "lose", StandardOpenOption.CREATE_NEW);
      return true;
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof FileAlreadyExistsException) {
        return false;
      }
      throw e;
    }
  }

  private void write(String which, String what, StandardOpenOption how) {
    try {
      Files.writeString(Path.of(file + which), what, how, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The second client must be there, too: else its executor would not be lost. */
  private void await(String what) {
    try {
      while (!Files.exists(Path.of(file + ".second"))
          || !Files.readString(Path.of(file)).equals(what)) {
        Thread.sleep(20);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
