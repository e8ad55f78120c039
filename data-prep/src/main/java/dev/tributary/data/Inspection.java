// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.text.ExampleEncoder;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is looked for in each example, as data that travels to executors.
 *
 * @param encoder by which examples may be over-long; null where that does not matter
 * @param benchmarks whose texts contaminate; null where that does not matter
 */
record Inspection(ExampleEncoder.@Nullable Source encoder, @Nullable Contamination benchmarks)
    implements Serializable {
  /** What a cleaning needs. */
  static Inspection of(Cleaning cleaning, PreparationContext context) {
    return new Inspection(
        cleaning.overLong() ? context.encoder().get() : null,
        cleaning.contaminated() ? Contamination.of(context.benchmarks().get()) : null);
  }

  /** For one thread, which closes it. */
  Inspector open() {
    return new Inspector(encoder == null ? null : encoder.open(), benchmarks);
  }

  /** The cleaning as a manifest tells it: with the hashes of what decided beside the settings. */
  Map<String, Object> described(Cleaning cleaning) {
    Map<String, Object> tree = new LinkedHashMap<>(ConfigTree.of(cleaning));
    if (encoder != null) {
      tree.put("over-long-by-encoder-sha256", encoder.sha256());
    }
    if (benchmarks != null) {
      tree.put("contaminated-by-sha256", benchmarks.sha256());
      tree.put("contaminated-by-runs", benchmarks.grams());
      tree.put("contaminated-texts-too-short", benchmarks.tooShort()); // not looked for
    }
    if (cleaning.nearDuplicates().isPresent()) {
      tree.put("near-duplicates-version", NearDuplicates.VERSION);
    }
    return tree;
  }
}
