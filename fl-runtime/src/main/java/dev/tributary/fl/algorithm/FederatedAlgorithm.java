// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.model.OptimizerRule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What clients do with the global adapter, and how their answers become the next one. One class and
 * one configuration record each.
 *
 * <p>The two halves run in different JVMs and share nothing but messages: an object keeps nothing
 * between calls. What the server must remember is in its {@link ServerState}, what a client must
 * remember in {@link ClientAnswer#keep}; the ledger holds both.
 */
public interface FederatedAlgorithm {
  /** The name of the adapter among the parts of answers, of what is kept, and of the state. */
  String ADAPTER = "adapter";

  /**
   * Why it makes no sense with the local training, and the way out; asked when an experiment is
   * validated.
   *
   * @param local the clients' optimiser
   * @param localSteps {@code training.local-steps}
   */
  default Optional<String> objection(OptimizerRule local, int localSteps) {
    return Optional.empty();
  }

  /**
   * Refuses an adapter that it can do nothing with, before anything runs.
   *
   * @param tensors names of all that is trained
   * @throws dev.tributary.fl.config.ConfigException with keys below the root of the file
   */
  default void checkTensors(List<String> tensors) {}

  /**
   * Whether the next global adapter is the mean of the clients' and nothing else, so that another
   * rule of aggregation may take the mean's place.
   */
  default boolean averages() {
    return true;
  }

  /**
   * Whether answers hold the whole adapter; else a part of it is the clients' own, which no one
   * else sees.
   */
  default boolean sharesAll() {
    return true;
  }

  /** Whether each client has an adapter of its own, see {@link #personal}. */
  default boolean personalises() {
    return false;
  }

  /**
   * A client's own adapter. Here: the part {@link #ADAPTER} of what it keeps, and the global one
   * before it took part.
   *
   * @param global after the round that is asked about
   * @param kept when it last took part, by part; empty if it never did
   */
  default NamedTensors personal(NamedTensors global, Map<String, NamedTensors> kept) {
    return kept.getOrDefault(ADAPTER, global);
  }

  /** Before the first round; on the driver. */
  default ServerState initial(NamedTensors adapter) {
    return ServerState.of(adapter);
  }

  /** Whether {@link ClientAnswer#keep} is not empty and wanted back in a client's next round. */
  default boolean clientsRemember() {
    return false;
  }

  /**
   * What a client starts a round with, out of what all are sent; on its executor, before {@link
   * #train}.
   */
  default ServerState redistribute(ServerState sent, int client) {
    return sent;
  }

  /** The client's half, for one client and round; on an executor. */
  ClientAnswer train(LocalTraining client);

  /**
   * Refuses an answer that does not fit the state, as it arrives; on the driver. Here: the part
   * {@link #ADAPTER} must have the global adapter's names and shapes.
   *
   * @throws dev.tributary.fl.message.MessageException if it does not; names the client
   */
  default void check(ServerState before, Message answer) {
    answer.expectShapes(ADAPTER, before.adapter());
  }

  /** The server's half: the state after the round; on the driver. */
  ServerState aggregate(ServerState before, Cohort cohort);

  /** Found by {@link java.util.ServiceLoader}; chosen by {@code algorithm.name}. */
  interface Provider<C extends Record>
      extends dev.tributary.fl.config.Provider<FederatedAlgorithm, C> {}
}
