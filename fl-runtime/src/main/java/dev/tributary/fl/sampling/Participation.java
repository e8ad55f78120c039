// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.sampling;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.Portable;
import java.io.Serializable;
import java.util.Optional;

/**
 * Which of the sampled clients answer, and what becomes of a round without the others: {@code
 * training.participation}. Time is simulated, from seeds: so a run comes back bit for bit, and who
 * is too late does not hang on what else a cluster does. Clients that would not be counted are not
 * trained. All of them are in the table of absences.
 *
 * @param overSelection more clients are sampled by this share; the fastest of them count
 * @param dropOut probability that a client does not answer in a round, in [0, 1)
 * @param slowShare share of the clients that are slow for the whole run, in [0, 1]
 * @param slowFactor by which they take longer, at least 1
 * @param secondsPerStep simulated time of a local step, above 0; each round of a client is up to a
 *     fifth faster or slower
 * @param deadlineSeconds simulated time after which an answer is too late
 * @param quorum fewest answers of a round, at least 1; with fewer the run ends
 * @param onFailure what becomes of a client that fails for good, or whose answer is refused
 */
public record Participation(
    @Default("0.0") double overSelection,
    @Default("0.0") double dropOut,
    @Default("0.0") double slowShare,
    @Default("4.0") double slowFactor,
    @Default("1.0") double secondsPerStep,
    Optional<Double> deadlineSeconds,
    @Default("1") int quorum,
    @Default("fail") OnFailure onFailure)
    implements Serializable {
  /** What becomes of a run when a client fails. */
  public enum OnFailure {
    /** It ends; started again it goes on at that round. */
    FAIL,
    /** The round goes on without the client, if a quorum is left. */
    DROP
  }

  public Participation {
    new Faults()
        .check(
            overSelection >= 0 && overSelection <= 10,
            "over-selection",
            overSelection,
            "give a share, e.g. 0.3 for three in ten more")
        .check(dropOut >= 0 && dropOut < 1, "drop-out", dropOut, "give a probability in [0, 1)")
        .check(slowShare >= 0 && slowShare <= 1, "slow-share", slowShare, "give 0 to 1, e.g. 0.2")
        .check(
            slowFactor >= 1 && Double.isFinite(slowFactor),
            "slow-factor",
            slowFactor,
            "give 1 or more, e.g. 4")
        .check(
            secondsPerStep > 0 && Double.isFinite(secondsPerStep),
            "seconds-per-step",
            secondsPerStep,
            "give a number above 0")
        .check(
            deadlineSeconds.isEmpty() || deadlineSeconds.get() > 0,
            "deadline-seconds",
            deadlineSeconds.orElse(null),
            "give a number above 0, or leave it out")
        .check(quorum >= 1, "quorum", quorum, "give 1 or more")
        .throwIfAny();
  }

  private Object writeReplace() {
    return Portable.of(this);
  }
}
