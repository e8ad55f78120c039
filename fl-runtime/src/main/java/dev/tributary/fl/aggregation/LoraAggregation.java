// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.OptimizerRule;
import java.util.List;

/**
 * How the low-rank updates of a round's clients become the next global one, and which part of it
 * clients train: {@code training.aggregation}, beside the federated algorithm. One class and one
 * configuration record each. Objects keep nothing between calls.
 *
 * <p>An adapter may grow: what a layer has beyond the rank that is trained is <em>held</em>, a
 * change of the base in factored form, which clients compute with and leave as it is. All ranks of
 * a layer share the adapter's scale, so products here are without it.
 */
public interface LoraAggregation {
  /** The two factors of an update {@code B A}. */
  enum Factor {
    A,
    B
  }

  /**
   * What is wrong with the rule in an experiment, noted under keys below {@code training}.
   *
   * @param training what else the rule has to agree with
   */
  default void check(Setting training, Faults faults) {}

  /** What a rule has to agree with. */
  record Setting(
      LoraConfig adapter,
      FederatedAlgorithm algorithm,
      String algorithmName,
      OptimizerRule local,
      boolean keepState) {}

  /**
   * The rank that a client trains of a layer, and is sent: the first ones.
   *
   * @param rank of the global update, without what is held
   */
  default int rank(int client, int rank) {
    return rank;
  }

  /**
   * Whether clients train a factor in a round; one that they do not is not sent back.
   *
   * @param round counted from 1
   */
  default boolean trains(Factor factor, int round) {
    return true;
  }

  /** The next global update of a layer; on the driver, for several layers at once. */
  Merged merge(Layer layer);

  /**
   * A layer's update after a round.
   *
   * @param trained what clients go on with, of the layer's rank
   * @param held beside it
   * @param discardedEnergy share of the squared norm of what was found that was cut off, 0 to 1
   */
  record Merged(LowRank trained, LowRank held, double discardedEnergy) {
    static Merged of(LowRank trained, Layer layer) {
      return new Merged(trained, layer.held(), 0);
    }
  }

  /** A layer and its updates in a round. */
  interface Layer {
    String name();

    /** The global update before the round, without what is held. */
    LowRank before();

    LowRank held();

    /** Answers, in the cohort's order; each share is above 0, and their sum is 1. */
    List<Share> shares();

    /** One client's update; read from disk at each call. */
    LowRank update(int member);

    /** Each factor's mean by shares; updates of lower rank are filled up with zeros. */
    LowRank factorMeans();

    /** {@code sum p_k B_k A_k}, exact: updates side by side, brought to fewer ranks where many. */
    LowRank productMean();

    /** A fresh update, as before the first round, from a seed of this round. */
    LowRank fresh();

    LowRankAlgebra algebra();

    /**
     * @param weight its part in the mean, above 0
     */
    record Share(int client, double weight) {}
  }

  /** Found by {@link java.util.ServiceLoader}; chosen by {@code training.aggregation.name}. */
  interface Provider<C extends Record>
      extends dev.tributary.fl.config.Provider<LoraAggregation, C> {}
}
