// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.message.Message;
import java.util.List;
import java.util.Map;

/**
 * Each client trains an adapter of its own, from the common start on; nothing is aggregated. What
 * {@code scenario: local} runs in the place of the algorithm; not chosen by name.
 */
public record LocalOnly() implements FederatedAlgorithm {
  @Override
  public boolean personalises() {
    return true;
  }

  @Override
  public boolean clientsRemember() {
    return true;
  }

  @Override
  public ClientAnswer train(LocalTraining client) {
    LocalTraining.Trained trained =
        client.train(client.kept(ADAPTER).orElse(client.global().adapter()), List.of());
    return new ClientAnswer(Map.of(), Map.of(ADAPTER, trained.adapter()), trained.report());
  }

  @Override
  public void check(ServerState before, Message answer) {
    // Nothing is aggregated, so nothing has to fit.
  }

  @Override
  public ServerState aggregate(ServerState before, Cohort cohort) {
    return before;
  }
}
