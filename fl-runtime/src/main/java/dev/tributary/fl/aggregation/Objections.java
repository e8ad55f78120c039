// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.OptimizerRule;

/** Combinations of a rule with the rest of a run that make no sense, and why. */
final class Objections {
  static final String OTHER_FACTORS =
      "factors are others after each round, and what it remembers of the old ones no longer fits";

  private Objections() {}

  /** Algorithms whose next adapter is more than the mean of the answers. */
  static void unlessAveraged(LoraAggregation.Setting training, String why, Faults faults) {
    faults.check(
        training.algorithm().averages(),
        "aggregation.name",
        null,
        "with algorithm "
            + training.algorithmName()
            + " it makes no sense: "
            + why
            + "; take algorithm fedavg or fedprox, or aggregation fedit or ffa");
  }

  /** Algorithms whose clients keep adapters of their own. */
  static void ifRemembered(LoraAggregation.Setting training, Faults faults) {
    faults.check(
        !training.algorithm().clientsRemember() && !training.keepState(),
        "aggregation.name",
        null,
        (training.keepState() ? "with keep-state" : "with algorithm " + training.algorithmName())
            + " it makes no sense: what clients keep belongs to the factors of the round before;"
            + " take aggregation fedit, ffa or lora-fair");
  }

  /** Decay would move what is held beside the trained ranks. */
  static void ifDecayed(LoraAggregation.Setting training, Faults faults) {
    OptimizerRule local = training.local();
    faults.check(
        local.weightDecay() == 0,
        "optimizer.weight-decay",
        local.weightDecay(),
        "it would wear off what this aggregation holds beside the trained ranks; give 0");
  }
}
