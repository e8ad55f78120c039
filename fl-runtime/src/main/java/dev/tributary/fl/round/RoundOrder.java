// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.aggregation.FactorExchange;
import dev.tributary.fl.aggregation.FedIt;
import dev.tributary.fl.algorithm.FedAvg;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.LocalOnly;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.message.MessageHeader;
import dev.tributary.fl.message.MessagePipeline;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import java.io.Serializable;

/**
 * What every client of a round is told; travels from driver to executors. What a client holds
 * itself (its examples, the base model) is not in it, nor what it kept from its last round ({@link
 * ClientBackend.Receiver#kept}).
 *
 * @param round counted from 1
 * @param runSeed of the run; a client's draws hang on (run, round, client, step) below it
 * @param adapter what is trained
 * @param training the run's settings
 * @param global the server's state that clients start from, in the format of {@code
 *     dev.tributary.fl.message}
 */
public record RoundOrder(
    int round, Seed runSeed, Choice<AdapterMethod> adapter, TrainingConfig training, byte[] global)
    implements Serializable {

  /**
   * The order of a round that follows a state.
   *
   * @param state after round {@code round - 1}
   */
  public static RoundOrder of(
      int round,
      Seed runSeed,
      Choice<AdapterMethod> adapter,
      TrainingConfig training,
      ServerState state) {
    byte[] global =
        Message.encode(
            MessageHeader.global(round - 1),
            state.sentParts(),
            MessagePipeline.of(training.messages().download()),
            part -> true,
            roundSeed(runSeed, round).child("download"));
    return new RoundOrder(round, runSeed, adapter, training, global);
  }

  /** What clients and server do in the order's scenario. */
  public FederatedAlgorithm algorithm() {
    return algorithm(training);
  }

  /** What clients and server do by these settings. */
  public static FederatedAlgorithm algorithm(TrainingConfig training) {
    return switch (training.scenario()) {
      case FEDERATED -> training.algorithm().create();
      case GLOBAL -> new FedAvg(); // of one client: plain training
      case LOCAL -> new LocalOnly();
    };
  }

  /** What of a low-rank adapter goes to clients and comes back. */
  FactorExchange exchange() {
    return exchange(training, adapter.create());
  }

  static FactorExchange exchange(TrainingConfig training, AdapterMethod adapter) {
    return new FactorExchange(
        training.scenario() == Scenario.FEDERATED ? training.aggregation().create() : new FedIt(),
        adapter);
  }

  /**
   * Whether clients go on from what they kept: then {@link ClientBackend.Receiver#kept} must reach
   * {@link ClientWork}.
   */
  public boolean clientsRemember() {
    return training.keepState() || algorithm().clientsRemember();
  }

  /** All that a client draws in this round hangs below it. */
  Seed clientSeed(int client) {
    return roundSeed(runSeed, round).child("client").child(client);
  }

  static Seed roundSeed(Seed runSeed, int round) {
    return runSeed.child("round").child(round);
  }
}
