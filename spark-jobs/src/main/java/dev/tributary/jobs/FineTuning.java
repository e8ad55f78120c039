// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.Store;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.message.MessageHeader;
import dev.tributary.fl.round.ClientBackend;
import dev.tributary.fl.round.FineTuningRound;
import dev.tributary.fl.round.RunPlan;

/**
 * Local steps that each client takes on its adapter before an evaluation, and that training knows
 * nothing of. Adapters lie beside the ledger, so a run that goes on does not take the steps again.
 * Used by the driver's thread.
 */
final class FineTuning {
  private static final String FOLDER = "fine-tuned";

  private final RunPlan plan;
  private final int steps;
  private final ClientBackend backend;
  private final Ledger ledger;
  private final Store store;

  /**
   * @param steps of each client, at least 1
   * @param backend that trains
   */
  FineTuning(RunPlan plan, int steps, ClientBackend backend, Ledger ledger, Store store) {
    this.plan = plan;
    this.steps = steps;
    this.backend = backend;
    this.ledger = ledger;
    this.store = store;
  }

  int steps() {
    return steps;
  }

  /** A client's adapter after a round and its steps; those of all clients are made together. */
  NamedTensors adapter(int client, int round) {
    String file = file(client, round);
    if (!store.exists(file)) {
      new FineTuningRound(plan, steps).run(round, ledger, backend, this::keep);
    }
    return Message.of(store.read(file), file)
        .expect(MessageHeader.Kind.UPDATE, round + 1, client)
        .part(FederatedAlgorithm.ADAPTER);
  }

  /** Deletes what was made for other rounds than one. */
  void keepOnly(int round) {
    String wanted = folder(round);
    for (String name : store.list(FOLDER)) {
      if (!(FOLDER + "/" + name).equals(wanted)) {
        store.delete(FOLDER + "/" + name);
      }
    }
  }

  private void keep(int client, int round, byte[] update) {
    store.write(file(client, round), update);
  }

  private String file(int client, int round) {
    return "%s/client=%04d.message".formatted(folder(round), client);
  }

  private String folder(int round) {
    return "%s/round=%05d-steps=%d".formatted(FOLDER, round, steps);
  }
}
