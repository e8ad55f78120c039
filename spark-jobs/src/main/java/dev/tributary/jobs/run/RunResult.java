// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

/**
 * What a run came to: {@code result.json}, written when all its rounds are trained and evaluated. A
 * run that goes on with more rounds has a new one in the end.
 *
 * @param rounds trained
 * @param chosenRound whose adapter is the result
 * @param sha256 of its adapter_model.safetensors; of all clients' where each has its own
 * @param finishedAt ISO-8601, UTC
 */
public record RunResult(int rounds, int chosenRound, String sha256, String finishedAt) {
  /** Whether it is the same but for the time. */
  boolean isSameAs(RunResult other) {
    return rounds == other.rounds
        && chosenRound == other.chosenRound
        && sha256.equals(other.sha256);
  }
}
