// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.util.Optional;

/**
 * Which examples are left out though they can be read: the group {@code data.clean}. Nothing is
 * unless the file asks for it; what is left out is counted in the manifest, each example under the
 * first reason that holds, in the order of the parameters here.
 *
 * @param emptyAnswers those without an answer, which teach only to be silent
 * @param overLong those that would be cut to fit {@code max-tokens}, in the tokens of the model's
 *     tokenizer and the words of the template
 * @param contaminated those that share 13 words in a row with a benchmark of {@code
 *     evaluation.tasks}; see {@link Contamination}
 * @param duplicates those whose mapped fields another example has; one of them stays
 * @param nearDuplicates how alike examples are of which only one stays, in their whole texts and in
 *     instruction and answer alone: a Jaccard index above 0, up to 1, e.g. 0.8; see {@link
 *     NearDuplicates}
 */
public record Cleaning(
    @Default("false") boolean emptyAnswers,
    @Default("false") boolean overLong,
    @Default("false") boolean contaminated,
    @Default("false") boolean duplicates,
    Optional<Double> nearDuplicates) {
  /** Leaves nothing out. */
  public static final Cleaning NONE = new Cleaning(false, false, false, false, Optional.empty());

  public Cleaning {
    new Faults()
        .check(
            nearDuplicates.isEmpty() || (nearDuplicates.get() > 0 && nearDuplicates.get() <= 1),
            "near-duplicates",
            nearDuplicates.map(String::valueOf).orElse(""),
            "give how alike texts must be, above 0 and up to 1, e.g. 0.8; leave it out to keep them")
        .throwIfAny();
  }
}
