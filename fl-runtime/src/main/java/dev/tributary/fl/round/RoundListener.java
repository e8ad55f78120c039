// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.ledger.LedgerEntry.ClientRow;
import dev.tributary.fl.sampling.Absence;
import java.util.List;
import java.util.Set;

/**
 * What happens in a run, for progress, evaluation and tables. Called by the driver's thread, in
 * order; what a method throws ends the run. A run that ended between a commit and what its listener
 * wanted to do about it says so at the next start: {@link #begun} names the last committed round.
 */
public interface RoundListener {
  /** Nobody listens. */
  RoundListener NONE = new RoundListener() {};

  /**
   * The run begins, or resumes.
   *
   * @param lastRound that is in the ledger; 0 for a new run
   * @param adapter the global one after it; the untrained one for a new run
   */
  default void begun(int lastRound, NamedTensors adapter) {}

  /** A round begins; its cohort in order. */
  default void roundStarted(int round, List<Integer> cohort) {}

  /**
   * A client's answer is on disk; in the order of arrival.
   *
   * @param row without its share, which is known when all have answered
   */
  default void clientDone(int round, ClientRow row) {}

  /** A client of the cohort failed or was refused, and the round goes on without it. */
  default void clientAbsent(int round, Absence absence) {}

  /**
   * A round is in the ledger.
   *
   * @param adapter the global one after it
   */
  default void roundCommitted(LedgerEntry entry, NamedTensors adapter) {}

  /**
   * Rounds whose states must stay in the ledger beside the last two, e.g. the best so far. Asked
   * after {@link #begun} and after each {@link #roundCommitted}; other states are deleted then.
   */
  default Set<Integer> roundsToKeep() {
    return Set.of();
  }

  /**
   * All rounds are in the ledger.
   *
   * @param adapter the global one after the last
   */
  default void finished(int lastRound, NamedTensors adapter) {}
}
