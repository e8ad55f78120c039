// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.text.ExampleEncoder;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What preparation needs beside the configuration of the data. Used on the driver.
 *
 * @param encoder what examples are encoded with for training; asked for only if over-long examples
 *     are to be left out
 * @param benchmarks texts of the benchmarks that the experiment evaluates on; asked for only if
 *     contaminated examples are to be left out
 * @param knownSplits folder in which splits of the same corpus find each other, see {@link
 *     KnownSplits}; empty: each is made from the corpus
 */
public record PreparationContext(
    Supplier<ExampleEncoder.Source> encoder,
    Supplier<List<String>> benchmarks,
    Optional<String> knownSplits) {

  /** For corpora that are only read and dealt out. */
  public static PreparationContext plain() {
    return new PreparationContext(
        () -> {
          throw new IllegalStateException("No encoder was given to leave out over-long examples");
        },
        () -> {
          throw new IllegalStateException("No benchmark was given to find contamination by");
        },
        Optional.empty());
  }
}
