// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.sampling;

import java.io.Serializable;

/**
 * A sampled client whose answer does not count in a round.
 *
 * @param cause why
 * @param reason for people
 * @param simulatedSeconds that it would have taken; 0 where it was not simulated
 */
public record Absence(int client, Cause cause, String reason, double simulatedSeconds)
    implements Serializable {
  /** Why a client's answer does not count. */
  public enum Cause {
    /** It dropped out (simulated). */
    DROPPED_OUT,
    /** It would have been too late (simulated). */
    LATE,
    /** Enough others were faster (simulated). */
    SURPLUS,
    /** Its training failed for good. */
    FAILED,
    /** Its answer was refused. */
    REFUSED
  }
}
