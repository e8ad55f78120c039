// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where clients run: threads of this JVM, or executors of a cluster. Used by the driver, one round
 * at a time.
 */
public interface ClientBackend extends AutoCloseable {
  /**
   * Trains a cohort and returns when every client has answered.
   *
   * @param order what all of them are told
   * @param cohort clients by number, in the cohort's order
   * @param receiver given each client's answer as it arrives, in any order, one call at a time,
   *     each client once whatever attempts were repeated or speculated
   * @throws ClientFailedException if a client failed for good and the receiver would not go on
   *     without it; others may have been received
   * @throws dev.tributary.fl.config.InputException if a client failed for what the user gave
   */
  void train(RoundOrder order, List<Integer> cohort, Receiver receiver);

  /** Clients that can train at once, at least 1; as far as it is known now. */
  default int slots() {
    return 1;
  }

  /** The driver's end of a round: takes answers in, and gives out what clients kept. */
  interface Receiver {
    /**
     * @param client its number
     * @param message its update in the format of {@code dev.tributary.fl.message}
     */
    void receive(int client, byte[] message);

    /** As the other, with what is known of the attempt that succeeded. */
    default void receive(int client, byte[] message, Attempt attempt) {
      receive(client, message);
    }

    /**
     * A client failed for good. Here: so does the round.
     *
     * @param why names neither client nor round
     * @throws ClientFailedException if the round cannot go on without it
     */
    default void failed(int client, String why, @Nullable Throwable cause) {
      throw new ClientFailedException("Client " + client + " failed: " + why, cause);
    }

    /**
     * What a client kept when it last took part, for {@link ClientWork}; empty unless {@link
     * RoundOrder#clientsRemember}, or if it never took part. Read from the ledger at each call: ask
     * when a client is sent off, and let go then. By any thread.
     */
    default Optional<byte[]> kept(int client) {
      return Optional.empty();
    }
  }

  @Override
  void close();
}
