// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import java.util.List;

/**
 * Linear algebra on low-rank updates, in float64 and in factored form: nothing has a layer's full
 * size. The same arguments give the same bits on one machine. Safe from several threads.
 */
public interface LowRankAlgebra extends AutoCloseable {
  /**
   * The nearest update of lower rank, by the Frobenius norm (Eckart and Young 1936).
   *
   * @param nearest its factors are {@code U S^1/2} and {@code S^1/2 V^T}, the largest first
   * @param singularValues of the whole update, falling; as many as its rank, or a layer's smaller
   *     side if that is less
   */
  record Truncated(LowRank nearest, double[] singularValues) {
    /** Share of the whole update's squared norm that the nearest one is without, 0 to 1. */
    public double discardedEnergy() {
      double all = 0;
      double left = 0;
      for (int i = 0; i < singularValues.length; i++) {
        double square = singularValues[i] * singularValues[i];
        all += square;
        left += i < nearest.rank() ? 0 : square;
      }
      return all == 0 ? 0 : left / all;
    }
  }

  /**
   * @param rank of the result; less if the update has not as much
   */
  Truncated truncated(LowRank update, int rank);

  /** Frobenius inner products of all pairs: {@code tr((B_i^T B_j)(A_j A_i^T))}. */
  double[][] products(List<LowRank> updates);

  /**
   * {@code m (g + weight I)^-1}.
   *
   * @param m rows x size, row-major
   * @param g size x size, symmetric
   * @param weight 0 or more
   */
  double[] ridge(double[] m, double[] g, int size, double weight);

  @Override
  void close();
}
