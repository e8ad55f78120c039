// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.util.Optional;

/**
 * What a scorer makes of an answer.
 *
 * @param extracted the part of the answer that counts; empty if there is none
 * @param score from 0 (wrong) to 1 (right); empty where it could not be judged
 * @param notRun why it could not be judged, by no fault of the answer: a compiler that is missing
 */
public record Verdict(Optional<String> extracted, Optional<Double> score, Optional<String> notRun) {
  public Verdict {
    if (score.isPresent() == notRun.isPresent()) {
      throw new IllegalArgumentException("An answer is judged, or there is a reason why not");
    }
    if (score.isPresent() && !(score.get() >= 0 && score.get() <= 1)) {
      throw new IllegalArgumentException("A score lies in [0, 1], not " + score.get());
    }
  }

  public Verdict(Optional<String> extracted, double score) {
    this(extracted, Optional.of(score), Optional.empty());
  }

  /** It could not be judged here. */
  public static Verdict notRun(String reason) {
    return new Verdict(Optional.empty(), Optional.empty(), Optional.of(reason));
  }
}
