// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.config.Faults;
import java.io.Serializable;
import java.util.List;

/**
 * Ranks of clients: {@code aggregation: {name: flexlora, ranks: [2, 4, 8]}}.
 *
 * @param ranks of clients 0, 1, 2 ..., from the first on again where there are more clients; each
 *     at least 1 and at most {@code adapter.rank}, which is the server's
 */
public record Ranks(List<Integer> ranks) implements Serializable {
  public Ranks {
    ranks = List.copyOf(ranks);
    new Faults()
        .check(
            !ranks.isEmpty() && ranks.stream().allMatch(rank -> rank >= 1),
            "ranks",
            ranks,
            "give a rank for each client, 1 or more, e.g. [2, 4, 8]")
        .throwIfAny();
  }

  static int of(List<Integer> ranks, int client, int rank) {
    return ranks.isEmpty() ? rank : Math.min(rank, ranks.get(client % ranks.size()));
  }

  /** Notes ranks that the adapter does not have. */
  static void check(List<Integer> ranks, LoraAggregation.Setting training, Faults faults) {
    int largest = training.adapter().rank();
    faults.check(
        ranks.stream().allMatch(rank -> rank <= largest),
        "aggregation.ranks",
        ranks,
        "the server holds rank " + largest + "; give at most that, or raise adapter.rank");
  }
}
