// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.Portable;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;

/**
 * What is held beside the trained ranks: {@code aggregation: {name: fedex, held-rank: 64}}.
 *
 * @param heldRank most ranks of it, 1 or more; where it is left out as many as it takes to be
 *     exact, at most a layer's smaller side. What is cut off is told in the tables
 */
public record Held(Optional<Integer> heldRank) implements Serializable {
  public Held {
    new Faults()
        .check(
            heldRank.isEmpty() || heldRank.get() >= 1,
            "held-rank",
            heldRank.orElse(null),
            "give 1 or more, or leave it out for exact sums")
        .throwIfAny();
  }

  /**
   * What was held, with more.
   *
   * @param trained what clients go on with
   */
  LoraAggregation.Merged with(LoraAggregation.Layer layer, LowRank more, LowRank trained) {
    LowRank all = LowRank.sum(List.of(layer.held(), more));
    int most = Math.min(all.outputs(), all.inputs());
    int wanted = heldRank.map(rank -> Math.min(rank, most)).orElse(most);
    if (all.rank() <= wanted) {
      return new LoraAggregation.Merged(trained, all, 0);
    }
    LowRankAlgebra.Truncated found = layer.algebra().truncated(all, wanted);
    return new LoraAggregation.Merged(trained, found.nearest(), found.discardedEnergy());
  }

  private Object writeReplace() {
    return Portable.of(this);
  }
}
