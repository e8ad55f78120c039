// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.seed.Seed;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;
import org.apache.commons.math3.stat.interval.ConfidenceInterval;
import org.apache.commons.math3.stat.interval.WilsonScoreInterval;

/**
 * Where a figure would lie on other draws of as many instances, with 95 % confidence.
 *
 * @param low lower end
 * @param high upper end, not below {@code low}
 */
public record Interval(double low, double high) {
  private static final double CONFIDENCE = 0.95;
  private static final int RESAMPLES = 10_000;

  /**
   * Of a share of successes: the score interval of Wilson 1927, "Probable inference, the law of
   * succession, and statistical inference", JASA 22, as Apache Commons Math computes it. Unlike the
   * textbook's {@code p ± 1.96 s} it stays inside [0, 1] and is not empty at 0 or at n successes.
   *
   * @param trials at least 1
   */
  public static Interval wilson(int successes, int trials) {
    ConfidenceInterval interval =
        new WilsonScoreInterval().createInterval(trials, successes, CONFIDENCE);
    // At 0 and at n successes the formula gives 0 and 1; rounding leaves them a few bits off.
    return new Interval(
        successes == 0 ? 0 : interval.getLowerBound(),
        successes == trials ? 1 : interval.getUpperBound());
  }

  /**
   * Of a mean with a standard error, by Student's t distribution.
   *
   * @param instances that the mean is over, at least 2
   */
  public static Interval student(double mean, double standardError, long instances) {
    double half =
        standardError
            * new TDistribution(instances - 1).inverseCumulativeProbability(0.5 + CONFIDENCE / 2);
    return new Interval(mean - half, mean + half);
  }

  /**
   * Of the mean of values that are neither right nor wrong but something between: the percentile
   * bootstrap (Efron 1979) with {@value #RESAMPLES} resamples.
   *
   * @param values at least 1; their order counts
   * @param seed of the resamples
   */
  public static Interval bootstrap(double[] values, Seed seed) {
    SplittableRandom random = seed.random();
    double[] means = new double[RESAMPLES];
    for (int r = 0; r < RESAMPLES; r++) {
      double sum = 0;
      for (int i = 0; i < values.length; i++) {
        sum += values[random.nextInt(values.length)];
      }
      means[r] = sum / values.length;
    }
    Arrays.sort(means);
    Percentile percentile = new Percentile().withEstimationType(EstimationType.R_7);
    percentile.setData(means);
    return new Interval(
        percentile.evaluate(50 * (1 - CONFIDENCE)), percentile.evaluate(50 * (1 + CONFIDENCE)));
  }
}
