// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.model.DType;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Wall-clock times of repetitions.
 *
 * @param seconds in order, without the warm-up
 */
record Timings(double[] seconds) {
  /** Times {@code action(i)} for i from {@code warmUp}, after running it from 0 untimed. */
  static Timings of(int times, int warmUp, IntConsumer action) {
    double[] seconds = new double[times];
    for (int i = 0; i < warmUp + times; i++) {
      long start = System.nanoTime();
      action.accept(i);
      if (i >= warmUp) {
        seconds[i - warmUp] = (System.nanoTime() - start) / 1e9;
      }
    }
    return new Timings(seconds);
  }

  double least() {
    return Arrays.stream(seconds).min().orElse(Double.NaN);
  }

  double most() {
    return Arrays.stream(seconds).max().orElse(Double.NaN);
  }

  double sum() {
    return Arrays.stream(seconds).sum();
  }

  double median() {
    double[] sorted = seconds.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** The keys that every bench prints; more may be put in. */
  Map<String, Object> result(String work, DType dtype, int batch) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("work", work);
    result.put("dtype", dtype.label());
    result.put("batch", batch);
    result.put("seconds_min", rounded(least()));
    result.put("seconds_median", rounded(median()));
    result.put("times", seconds.length);
    ResidentMemory.peakMegabytes().ifPresent(peak -> result.put("peak_resident_mb", peak));
    return result;
  }

  static double rounded(double value) {
    return Math.round(value * 1e4) / 1e4;
  }
}
