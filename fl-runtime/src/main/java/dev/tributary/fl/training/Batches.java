// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A client's batches of one round: its examples in a random order, and once all were drawn, in
 * another, without end. Batches go over the border of such epochs, so each is full, and a client
 * with fewer examples than a batch sees some twice in it.
 */
final class Batches<T> {
  private final List<T> examples;
  private final Seed seed;
  private int epoch;
  private int[] order = new int[0];
  private int next;

  /**
   * @param examples at least one
   * @param seed decides the order of every epoch
   */
  Batches(List<T> examples, Seed seed) {
    this.examples = List.copyOf(examples);
    this.seed = seed;
  }

  List<T> next(int size) {
    List<T> batch = new ArrayList<>(size);
    while (batch.size() < size) {
      if (next == order.length) {
        order = permutation(examples.size(), seed.child(epoch++).random());
        next = 0;
      }
      batch.add(examples.get(order[next++]));
    }
    return batch;
  }

  /** All orders alike (Fisher and Yates). */
  private static int[] permutation(int size, SplittableRandom random) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
