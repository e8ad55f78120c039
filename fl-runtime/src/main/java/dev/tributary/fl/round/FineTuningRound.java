// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.message.MessageHeader;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Local steps of all clients on their adapters after a round, of which nothing goes back into
 * training. On the driver.
 */
public final class FineTuningRound {
  private final RunPlan plan;
  private final int steps;

  /** Takes a client's answer, whose part {@code adapter} is its adapter. */
  @FunctionalInterface
  public interface Sink {
    void accept(int client, int round, byte[] update);
  }

  /**
   * @param steps of each client, at least 1
   */
  public FineTuningRound(RunPlan plan, int steps) {
    this.plan = plan;
    this.steps = steps;
  }

  /**
   * Trains every client, each from its own adapter after the round, or from the global one.
   *
   * @param round whose state the ledger holds
   */
  public void run(int round, Ledger ledger, ClientBackend backend, Sink sink) {
    FederatedAlgorithm algorithm = RoundOrder.algorithm(plan.training());
    ServerState state = ServerState.of(ledger.adapter(round));
    RoundOrder order =
        RoundOrder.of(
            round + 1,
            plan.seed().child("fine-tuning"),
            plan.adapter(),
            plan.training().forFineTuning(steps),
            state);
    ClientBackend.Receiver receiver =
        new ClientBackend.Receiver() {
          @Override
          public void receive(int client, byte[] message) {
            String origin = "Client " + client + ", fine-tuned after round " + round;
            Message answer =
                Message.of(message, origin)
                    .expect(MessageHeader.Kind.UPDATE, round + 1, client)
                    .expectFinite();
            sink.accept(client, round, adapterOf(answer, client, round + 1));
          }

          @Override
          public Optional<byte[]> kept(int client) {
            NamedTensors own = ledger.adapterOf(client, round, algorithm);
            return Optional.of(
                Message.encode(
                    MessageHeader.global(round), Map.of(FederatedAlgorithm.ADAPTER, own)));
          }
        };
    backend.train(order, List.copyOf(plan.clients()), receiver);
  }

  /** What the client kept is its adapter. */
  private static byte[] adapterOf(Message answer, int client, int round) {
    return Message.encode(
        MessageHeader.update(round, client, answer.header().report().orElseThrow()),
        Map.of(
            FederatedAlgorithm.ADAPTER, answer.part(ClientWork.KEPT + FederatedAlgorithm.ADAPTER)));
  }
}
