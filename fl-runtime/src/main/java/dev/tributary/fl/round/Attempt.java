// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

/**
 * How a client's successful attempt went. Differs from run to run, so it goes into tables, never
 * into an update or a decision.
 *
 * @param executor where it ran; empty if not known
 * @param wallSeconds from its start to its message, at least 0
 * @param peakMemoryBytes of the process it ran in, resident; 0 if not known
 */
public record Attempt(String executor, double wallSeconds, long peakMemoryBytes) {
  public static final Attempt UNKNOWN = new Attempt("", 0, 0);
}
