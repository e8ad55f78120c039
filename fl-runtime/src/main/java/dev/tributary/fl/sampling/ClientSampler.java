// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.sampling;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Draws a round's clients: {@code training.sampling}. On the driver. One class and one
 * configuration record each; objects keep nothing between calls.
 */
public interface ClientSampler {
  /**
   * A client that may be drawn.
   *
   * @param number of the split
   * @param examples that it can train on, at least 1
   */
  record Candidate(int number, long examples) {}

  /**
   * Different clients, in the order in which their answers are folded.
   *
   * @param round counted from 1
   * @param clients all there are, by number
   * @param size how many are wanted; fewer where there are no more
   * @param random of (run, round); the only source of randomness
   */
  List<Integer> sample(int round, List<Candidate> clients, int size, SplittableRandom random);

  /**
   * Looks at what its configuration names, before anything runs; on the driver.
   *
   * @throws dev.tributary.fl.config.InputException if that cannot be used
   */
  default void check() {}

  /** Found by {@link java.util.ServiceLoader}; chosen by {@code sampling.name}. */
  interface Provider<C extends Record> extends dev.tributary.fl.config.Provider<ClientSampler, C> {}
}
