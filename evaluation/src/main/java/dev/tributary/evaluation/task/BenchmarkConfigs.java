// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import dev.tributary.evaluation.Benchmark;
import dev.tributary.evaluation.Metric;
import dev.tributary.evaluation.Question;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.Sampling;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What the configurations of benchmarks have in common. */
final class BenchmarkConfigs {
  private BenchmarkConfigs() {}

  static void checkLimit(Faults faults, int limit) {
    faults.check(limit >= 0, "limit", limit, "give a number of questions, or 0 for all");
  }

  static void checkSamples(Faults faults, int samples, Sampling sampling) {
    faults
        .check(samples >= 1, "samples", samples, "give 1 or more")
        .check(
            samples == 1 || sampling.draws(),
            "samples",
            samples,
            "without sampling all are the same; give sampling: {temperature: 0.8, top-p: 0.95}");
  }

  /** pass@1, pass@10 and pass@100, as far as there are samples. */
  static List<Metric> passMetrics(int samples) {
    return IntStream.of(1, 10, 100).filter(k -> k <= samples).mapToObj(Metric::passAt).toList();
  }

  /**
   * The first so many questions.
   *
   * @param published instances of the benchmark's published file; what the file lacks is told
   */
  static Benchmark limited(
      List<Question> all, int limit, String path, String benchmark, int published) {
    int asks = limit == 0 ? all.size() : Math.min(limit, all.size());
    return new Benchmark(
        all.subList(0, asks),
        all.stream().skip(asks).map(Question::id).collect(Collectors.toSet()),
        Optional.of((long) published),
        partNotice(path, all.size(), benchmark, published));
  }

  static Optional<String> partNotice(String path, int has, String benchmark, int published) {
    return has == published
        ? Optional.empty()
        : Optional.of(
            path + " has " + has + " questions, the published " + benchmark + " " + published);
  }
}
