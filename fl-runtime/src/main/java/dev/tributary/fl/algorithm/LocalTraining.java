// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.message.ClientReport;
import java.util.List;
import java.util.Optional;

/** What a client's half of an algorithm has to work with: one client, one round, one thread. */
public interface LocalTraining {
  /** Counted from 1. */
  int round();

  int client();

  /** What the server sent. */
  ServerState global();

  /** What this client kept when it last took part; empty if it never did. */
  Optional<NamedTensors> kept(String part);

  /**
   * Takes the round's local steps on this client's data. Each call of a round draws its own batches
   * and has its own optimiser state.
   *
   * @param start the adapter before the first step; left as it is
   * @param terms what the algorithm adds to each step's gradients, before clipping
   */
  Trained train(NamedTensors start, List<TrainingHook> terms);

  /**
   * What local steps gave.
   *
   * @param adapter after the last step
   */
  record Trained(NamedTensors adapter, ClientReport report) {}
}
