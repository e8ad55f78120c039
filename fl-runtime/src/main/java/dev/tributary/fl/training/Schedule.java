// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import java.util.OptionalLong;

/**
 * What the learning rate is multiplied by, over rounds x local-steps of the whole run: constant,
 * linear, cosine. As transformers' schedules of the same names.
 */
public interface Schedule {
  /**
   * @param step optimiser steps already taken, counted from 0 at the beginning of the run
   * @param totalSteps {@link #totalSteps()} where given, else rounds x local-steps
   * @return a factor in [0, 1]
   */
  double factor(long step, long totalSteps);

  /** Where the schedule ends, if the file fixes it; more rounds may then continue the run. */
  OptionalLong totalSteps();

  /** Whether factors do not depend on where the schedule ends. */
  boolean endless();

  /** Found by {@link java.util.ServiceLoader}; chosen by {@code schedule.name}. */
  interface Provider<C extends Record> extends dev.tributary.fl.config.Provider<Schedule, C> {}
}
