// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.util.Optional;

/**
 * What a scorer makes of an answer.
 *
 * @param extracted the part of the answer that counts; empty if there is none
 * @param score from 0 (wrong) to 1 (right)
 */
public record Verdict(Optional<String> extracted, double score) {
  public Verdict {
    if (!(score >= 0 && score <= 1)) {
      throw new IllegalArgumentException("A score lies in [0, 1], not " + score);
    }
  }
}
