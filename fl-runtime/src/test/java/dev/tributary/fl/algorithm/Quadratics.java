// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.hook.Gradients;
import dev.tributary.fl.hook.TrainingStep;
import dev.tributary.fl.message.ClientReport;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Clients whose loss is {@code a/2 (w - b)^2}, each with its own a and b: a federated problem whose
 * optimum is known. Local steps are exact gradient steps.
 *
 * @param curvatures a of each client
 * @param centers b of each client
 * @param steps local steps of a round
 * @param rate of a local step
 */
record Quadratics(double[] curvatures, double[] centers, int steps, double rate) {
  private static final ClientReport REPORT =
      new ClientReport(1, 1, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, List.of(1.0));

  static NamedTensors tensor(double value) {
    return new NamedTensors(Map.of("w", new Tensor(List.of(1L), new float[] {(float) value})));
  }

  static double value(NamedTensors tensors) {
    return tensors.get("w").values()[0];
  }

  /** Where the mean of the clients' losses is least. */
  double optimum() {
    double above = 0;
    double below = 0;
    for (int k = 0; k < centers.length; k++) {
      above += curvatures[k] * centers[k];
      below += curvatures[k];
    }
    return above / below;
  }

  /** The global number and each client's own after the last round. */
  Personal personal(FederatedAlgorithm algorithm, double start, int rounds) {
    ServerState state = algorithm.initial(tensor(start));
    Map<Integer, Map<String, NamedTensors>> kept = new HashMap<>();
    for (int round = 1; round <= rounds; round++) {
      state = round(algorithm, state, kept, round);
    }
    List<Double> own = new ArrayList<>();
    for (int k = 0; k < centers.length; k++) {
      own.add(value(algorithm.personal(state.adapter(), kept.getOrDefault(k, Map.of()))));
    }
    return new Personal(value(state.adapter()), own);
  }

  record Personal(double global, List<Double> own) {}

  private ServerState round(
      FederatedAlgorithm algorithm,
      ServerState state,
      Map<Integer, Map<String, NamedTensors>> kept,
      int round) {
    List<ClientAnswer> answers = new ArrayList<>();
    for (int k = 0; k < centers.length; k++) {
      ClientAnswer answer =
          algorithm.train(new Local(this, k, round, state, kept.getOrDefault(k, Map.of())));
      kept.put(k, answer.keep());
      answers.add(answer);
    }
    return algorithm.aggregate(state, new InMemory(round, answers, centers.length));
  }

  /** The global number after each round of all clients, who count alike. */
  List<Double> train(FederatedAlgorithm algorithm, double start, int rounds) {
    ServerState state = algorithm.initial(tensor(start));
    Map<Integer, Map<String, NamedTensors>> kept = new HashMap<>();
    List<Double> found = new ArrayList<>();
    for (int round = 1; round <= rounds; round++) {
      state = round(algorithm, state, kept, round);
      found.add(value(state.adapter()));
    }
    return found;
  }

  /** Answers that all count alike. */
  record InMemory(int round, List<ClientAnswer> answers, int clients) implements Cohort {
    @Override
    public List<Member> members() {
      List<Member> members = new ArrayList<>();
      for (int m = 0; m < answers.size(); m++) {
        members.add(new Member(m, 1, REPORT));
      }
      return members;
    }

    @Override
    public Tensor tensor(int member, String part, String name) {
      NamedTensors found = answers.get(member).upload().get(part);
      if (found == null) {
        throw new IllegalArgumentException("No part " + part);
      }
      return found.get(name);
    }
  }

  static ClientAnswer answer(double value) {
    return new ClientAnswer(Map.of(FederatedAlgorithm.ADAPTER, tensor(value)), Map.of(), REPORT);
  }

  private record Local(
      Quadratics problem,
      int client,
      int round,
      ServerState global,
      Map<String, NamedTensors> keptParts)
      implements LocalTraining {
    @Override
    public Optional<NamedTensors> kept(String part) {
      return Optional.ofNullable(keptParts.get(part));
    }

    @Override
    public int localSteps() {
      return problem.steps();
    }

    @Override
    public Trained train(NamedTensors start, Course course) {
      double w = value(start);
      for (int step = 0; step < course.steps() * course.repeats(); step++) {
        Slope slope = new Slope(w, problem.curvatures()[client] * (w - problem.centers()[client]));
        TrainingStep known =
            new TrainingStep(
                round, client, step, step, problem.rate(), 1, 1, 0, slope.norm(), Seed.of(1));
        course.terms().forEach(term -> term.beforeUpdate(known, slope));
        w -= problem.rate() * slope.slope;
        course.terms().forEach(term -> term.afterUpdate(known));
      }
      return new Trained(tensor(w), REPORT);
    }
  }

  private static final class Slope implements Gradients {
    private final double w;
    private double slope;

    Slope(double w, double slope) {
      this.w = w;
      this.slope = slope;
    }

    @Override
    public double norm() {
      return Math.abs(slope);
    }

    @Override
    public void scale(double factor) {
      slope *= factor;
    }

    @Override
    public void add(double factor, NamedTensors addend) {
      slope += factor * value(addend);
    }

    @Override
    public void addDifference(double factor, NamedTensors reference) {
      slope += factor * (w - value(reference));
    }

    @Override
    public NamedTensors values() {
      return tensor(slope);
    }

    @Override
    public NamedTensors weights() {
      return tensor(w);
    }
  }
}
