// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.round.RoundOrder;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import java.util.List;
import java.util.Optional;

/**
 * Clients' own adapters: what a personalised algorithm keeps for each, what each trained alone in
 * the scenario {@code local}, or the global adapter after some local steps.
 */
final class ClientAdapters {
  private final Ledger ledger;
  private final FederatedAlgorithm algorithm;
  private final Scenario scenario;
  private final List<Integer> owners;
  private final Optional<FineTuning> fineTuning;

  /**
   * @param clients that train
   * @param fineTuning before each evaluation, where it is asked for
   */
  ClientAdapters(
      TrainingConfig training,
      Ledger ledger,
      List<Integer> clients,
      Optional<FineTuning> fineTuning) {
    this.ledger = ledger;
    this.algorithm = RoundOrder.algorithm(training);
    this.scenario = training.scenario();
    this.fineTuning = fineTuning;
    this.owners =
        algorithm.personalises() || fineTuning.isPresent() ? List.copyOf(clients) : List.of();
  }

  /** Clients with adapters of their own; none where there is one adapter for all. */
  List<Integer> owners() {
    return owners;
  }

  /** Whether there is one adapter for all, beside clients' own. */
  boolean besideCommon() {
    return scenario != Scenario.LOCAL;
  }

  /** The run has ended with the adapters of a round; those of others are not wanted any more. */
  void chosen(int round) {
    fineTuning.ifPresent(tuning -> tuning.keepOnly(round));
  }

  /** What is done to them before they are measured, as it stands in tables: {@code +10} steps. */
  String change() {
    return fineTuning.map(tuning -> "+" + tuning.steps()).orElse("");
  }

  /** A client's own adapter after a round. */
  NamedTensors of(int client, int round) {
    return fineTuning
        .map(tuning -> tuning.adapter(client, round))
        .orElseGet(() -> ledger.adapterOf(client, round, algorithm));
  }
}
