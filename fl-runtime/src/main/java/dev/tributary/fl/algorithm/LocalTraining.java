// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.message.ClientReport;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** What a client's half of an algorithm has to work with: one client, one round, one thread. */
public interface LocalTraining {
  /** Counted from 1. */
  int round();

  int client();

  /** What the server sent. */
  ServerState global();

  /** What this client kept when it last took part; empty if it never did. */
  Optional<NamedTensors> kept(String part);

  /** {@code training.local-steps}. */
  int localSteps();

  /**
   * Takes local steps on this client's data. Each call of a round draws its own batches and has its
   * own optimiser state.
   *
   * @param start the adapter before the first step; left as it is
   */
  Trained train(NamedTensors start, Course course);

  /**
   * Takes the round's local steps, and moves the whole adapter.
   *
   * @param terms what the algorithm adds to each step's gradients, before clipping
   */
  default Trained train(NamedTensors start, List<TrainingHook> terms) {
    return train(start, Course.of(localSteps(), terms));
  }

  /**
   * What steps are taken.
   *
   * @param first the step of the round that it begins with, from 0: what schedules go by
   * @param steps batches that are drawn, at least 1
   * @param repeats steps taken on each batch, one after the other, at least 1
   * @param terms what the algorithm adds to each step's gradients, before clipping
   * @param held tensors, by name, that stay as they are
   */
  record Course(
      int first, int steps, int repeats, List<TrainingHook> terms, Predicate<String> held) {
    public Course {
      terms = List.copyOf(terms);
    }

    /** Steps that move the whole adapter, each on a batch of its own. */
    public static Course of(int steps, List<TrainingHook> terms) {
      return new Course(0, steps, 1, terms, name -> false);
    }
  }

  /**
   * What local steps gave.
   *
   * @param adapter after the last step
   */
  record Trained(NamedTensors adapter, ClientReport report) {}
}
