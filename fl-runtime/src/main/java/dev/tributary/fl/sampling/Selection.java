// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.sampling;

import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A round's clients.
 *
 * @param cohort those that train, in the order in which their answers are folded
 * @param absences sampled clients that do not
 */
public record Selection(List<Integer> cohort, List<Absence> absences) {
  public Selection {
    cohort = List.copyOf(cohort);
    absences = List.copyOf(absences);
  }

  /** Everybody who was sampled trains. */
  public static Selection of(List<Integer> cohort) {
    return new Selection(cohort, List.of());
  }

  /** How many are to be sampled so that some can be spared. */
  public static int sampled(int wanted, Participation participation) {
    return (int) Math.ceil(wanted * (1 + participation.overSelection()) - 1e-9);
  }

  /**
   * Lets sampled clients drop out, be late, or be more than are wanted.
   *
   * @param sampled in order
   * @param wanted answers
   * @param localSteps that each takes
   * @param runSeed of the run: who is slow
   * @param roundSeed of the round: who drops out, and how long each takes
   */
  public static Selection of(
      List<Integer> sampled,
      int wanted,
      int localSteps,
      Participation participation,
      Seed runSeed,
      Seed roundSeed) {
    List<Absence> absences = new ArrayList<>();
    Map<Integer, Double> seconds = new HashMap<>();
    List<Integer> answering = new ArrayList<>();
    for (int client : sampled) {
      SplittableRandom draws = roundSeed.child("participation").child(client).random();
      boolean drops = draws.nextDouble() < participation.dropOut();
      double takes = participation.secondsPerStep() * localSteps * (0.8 + 0.4 * draws.nextDouble());
      if (runSeed.child("slow").child(client).random().nextDouble() < participation.slowShare()) {
        takes *= participation.slowFactor();
      }
      seconds.put(client, takes);
      double deadline = participation.deadlineSeconds().orElse(Double.POSITIVE_INFINITY);
      if (drops) {
        absences.add(new Absence(client, Absence.Cause.DROPPED_OUT, "dropped out", takes));
      } else if (takes > deadline) {
        String reason = String.format(Locale.ROOT, "after the deadline of %s s", deadline);
        absences.add(new Absence(client, Absence.Cause.LATE, reason, takes));
      } else {
        answering.add(client);
      }
    }
    List<Integer> fastest = new ArrayList<>(answering);
    fastest.sort(Comparator.comparing(client -> seconds.getOrDefault(client, 0.0))); // stable
    List<Integer> surplus = fastest.subList(Math.min(wanted, fastest.size()), fastest.size());
    for (int client : surplus) {
      absences.add(
          new Absence(
              client,
              Absence.Cause.SURPLUS,
              wanted + " others were faster",
              seconds.getOrDefault(client, 0.0)));
    }
    return new Selection(
        answering.stream().filter(client -> !surplus.contains(client)).toList(), absences);
  }
}
