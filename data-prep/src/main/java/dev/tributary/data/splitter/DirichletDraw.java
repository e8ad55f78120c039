// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.splitter;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Draws from Dirichlet distributions that are the same on any machine. */
final class DirichletDraw {
  private DirichletDraw() {}

  /** Of a symmetric distribution. */
  static double[] shares(int parts, double alpha, SplittableRandom random) {
    double[] alphas = new double[parts];
    Arrays.fill(alphas, alpha);
    return shares(alphas, random);
  }

  /**
   * Shares that add up to 1: gamma variates divided by their sum, as logarithms, since with a small
   * alpha most underflow.
   *
   * @param alphas concentrations, each above 0
   */
  static double[] shares(double[] alphas, SplittableRandom random) {
    double[] logs = new double[alphas.length];
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < logs.length; i++) {
      logs[i] = logGamma(alphas[i], random);
      largest = Math.max(largest, logs[i]);
    }
    double sum = 0;
    for (int i = 0; i < logs.length; i++) {
      logs[i] = StrictMath.exp(logs[i] - largest);
      sum += logs[i];
    }
    for (int i = 0; i < logs.length; i++) {
      logs[i] /= sum;
    }
    return logs;
  }

  /**
   * The logarithm of a gamma variate with scale 1 (Marsaglia and Tsang 2000; below shape 1 through
   * shape + 1, section 6). {@link StrictMath}, as a split must be the same on any machine.
   */
  private static double logGamma(double shape, SplittableRandom random) {
    if (shape < 1) {
      double boost = StrictMath.log(1 - random.nextDouble()) / shape; // of a number in (0, 1]
      return logGamma(shape + 1, random) + boost;
    }
    double d = shape - 1.0 / 3;
    double c = 1 / (3 * StrictMath.sqrt(d));
    while (true) {
      double x = gaussian(random);
      double v = 1 + c * x;
      if (v > 0) {
        double logV = 3 * StrictMath.log(v);
        double logU = StrictMath.log(1 - random.nextDouble());
        if (logU < 0.5 * x * x + d - d * v * v * v + d * logV) {
          return StrictMath.log(d) + logV;
        }
      }
    }
  }

  /** Polar method; {@code nextGaussian} is not specified to the bit across releases of Java. */
  private static double gaussian(SplittableRandom random) {
    while (true) {
      double u = 2 * random.nextDouble() - 1;
      double v = 2 * random.nextDouble() - 1;
      double s = u * u + v * v;
      if (s > 0 && s < 1) {
        return u * StrictMath.sqrt(-2 * StrictMath.log(s) / s);
      }
    }
  }
}
