// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.message.ClientReport;
import java.util.List;

/**
 * A round's answers as the server's half sees them: on disk, in the cohort's order, whatever order
 * they came in. A tensor is read when asked for, so memory grows neither with the cohort nor with
 * the model's number of tensors.
 *
 * <p>A rule that asks only for {@link #weightedMean} works on sums alone and can stay as it is
 * where single answers must not be seen; one that asks for {@link #tensor} cannot.
 */
public interface Cohort {
  /** Counted from 1. */
  int round();

  /** All clients of the run, whether they are in this round or not. */
  int clients();

  /** In the cohort's order; at least one. */
  List<Member> members();

  /**
   * One tensor of one answer.
   *
   * @param member index into {@link #members()}
   * @throws dev.tributary.fl.message.MessageException if it has no such tensor, or it is damaged;
   *     names the client
   */
  Tensor tensor(int member, String part, String name);

  /**
   * {@code sum(weight * tensor) / sum(weight)} over the members, folded in their order in float64,
   * then rounded to float32.
   *
   * <p>Weights are not made to sum to 1 first: where they are whole numbers, products and sums are
   * exact, and equal tensors come out as they are.
   *
   * @throws IllegalArgumentException if shapes differ
   */
  default Tensor weightedMean(String part, String name) {
    List<Member> members = members();
    double total = members.stream().mapToDouble(Member::weight).sum();
    Tensor first = tensor(0, part, name);
    double[] sum = new double[first.values().length];
    for (int m = 0; m < members.size(); m++) {
      Tensor tensor = m == 0 ? first : tensor(m, part, name);
      if (!tensor.shape().equals(first.shape())) {
        throw new IllegalArgumentException(
            "Cannot average " + name + " of shapes " + first.shape() + " and " + tensor.shape());
      }
      double weight = members.get(m).weight();
      float[] values = tensor.values();
      for (int i = 0; i < sum.length; i++) {
        sum[i] += weight * values[i];
      }
    }
    float[] mean = new float[sum.length];
    for (int i = 0; i < sum.length; i++) {
      mean[i] = (float) (sum[i] / total);
    }
    return new Tensor(first.shape(), mean);
  }

  /**
   * A client that answered.
   *
   * @param weight what its share is proportional to, above 0: examples seen, data size, or 1
   */
  record Member(int client, double weight, ClientReport report) {}
}
