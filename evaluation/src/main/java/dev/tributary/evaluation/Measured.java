// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.config.Faults;

/**
 * What was measured, for the columns that all rows of an evaluation share.
 *
 * @param round after which the adapter stood so; 0 before training
 * @param adapter {@code global}, or {@code client=K} for a client's own adapter
 * @param maxNotRun share of instances that may be without an answer; beyond it no score is given
 */
public record Measured(int round, String adapter, double maxNotRun) {
  /** The adapter that all clients share. */
  public static final String GLOBAL = "global";

  public Measured {
    new Faults()
        .check(
            maxNotRun >= 0 && maxNotRun <= 1,
            "max-not-run",
            maxNotRun,
            "give a share from 0 to 1, e.g. 0.01")
        .throwIfAny();
  }

  /** Whether so many failures leave a score that may be given. */
  public boolean enough(long notRun, long asked) {
    return notRun <= maxNotRun * asked;
  }
}
