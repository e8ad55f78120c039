// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * A figure of a benchmark: the mean, over its questions, of what is made of the scores of a
 * question's samples.
 *
 * @param name e.g. {@code accuracy}, {@code pass@1}
 * @param ofQuestion from the scores of all its samples, at least one, to a number in [0, 1]
 */
public record Metric(String name, ToDoubleFunction<List<Double>> ofQuestion) {
  /** The mean over samples. */
  public static Metric mean(String name) {
    return new Metric(
        name, scores -> scores.stream().mapToDouble(Double::doubleValue).sum() / scores.size());
  }

  /**
   * The probability that one of {@code k} samples is right, without bias from n samples of which c
   * are right: 1 - C(n-c, k) / C(n, k), as a product (Chen et al. 2021, "Evaluating Large Language
   * Models Trained on Code", equation 1).
   *
   * @param k at least 1, at most n
   */
  public static Metric passAt(int k) {
    return new Metric("pass@" + k, scores -> passAt(k, scores));
  }

  private static double passAt(int k, List<Double> scores) {
    int n = scores.size();
    if (n < k) {
      throw new IllegalArgumentException("pass@" + k + " needs " + k + " samples, not " + n);
    }
    long right = scores.stream().filter(score -> score == 1).count();
    if (n - right < k) {
      return 1;
    }
    double allWrong = 1;
    for (long i = n - right + 1; i <= n; i++) {
      allWrong *= 1 - (double) k / i;
    }
    return 1 - allWrong;
  }
}
