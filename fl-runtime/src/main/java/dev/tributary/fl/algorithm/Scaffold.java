// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.hook.Gradients;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.hook.TrainingStep;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.model.OptimizerRule;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Control variates against client drift: a client's gradients are corrected by {@code c - c_k},
 * what all clients' steps were like in the mean less what its own were like.
 *
 * <p>Karimireddy et al. 2020, <a href="https://arxiv.org/abs/1910.06378">SCAFFOLD: Stochastic
 * Controlled Averaging for Federated Learning</a>, algorithm 1 with option II: {@code c_k+ = c_k -
 * c + (x - y) / (K rate)}. Where a schedule changes the rate, the sum of the steps' rates stands
 * for {@code K rate}. Deviations: the adapters' mean is weighted as {@code training.weighting}
 * says, the controls' is not, as in the paper; {@code training.clip-norm} acts on the corrected
 * gradient.
 *
 * <p>A client's control is kept in the ledger, the server's is sent beside the adapter.
 */
public record Scaffold(double serverRate) implements FederatedAlgorithm {
  /** The part of answers, of what is kept and of the state that holds control variates. */
  static final String CONTROL = "control";

  /**
   * {@code algorithm: {name: scaffold, ...}}.
   *
   * @param learningRate of the server, above 0
   */
  public record Config(@Default("1.0") double learningRate) implements Serializable {
    public Config {
      new Faults()
          .check(
              learningRate > 0 && Double.isFinite(learningRate),
              "learning-rate",
              learningRate,
              "give the server's rate, above 0, e.g. 1.0")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: scaffold}. */
  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "scaffold";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new Scaffold(config.learningRate());
    }
  }

  /** Adds a correction to the gradients, and sums the rates of the steps. */
  private static final class Correction implements TrainingHook {
    private final NamedTensors correction;
    private double rates;

    Correction(NamedTensors correction) {
      this.correction = correction;
    }

    @Override
    public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
      gradients.add(1, correction);
      return Verdict.CONTINUE;
    }

    @Override
    public void afterUpdate(TrainingStep step) {
      rates += step.learningRate();
    }
  }

  private interface Elementwise {
    double of(double a, double b);
  }

  @Override
  public Optional<String> objection(OptimizerRule local, int localSteps) {
    return local instanceof OptimizerRule.Sgd sgd && sgd.momentum() == 0
        ? Optional.empty()
        : Optional.of(
            "its control variates are what plain gradient steps were like; take"
                + " training.optimizer {name: sgd, momentum: 0}, or algorithm fedavgm or fedadam");
  }

  @Override
  public boolean averages() {
    return false;
  }

  @Override
  public ServerState initial(NamedTensors adapter) {
    return new ServerState(adapter, Map.of(CONTROL, zeros(adapter)), Map.of());
  }

  @Override
  public boolean clientsRemember() {
    return true;
  }

  @Override
  public ClientAnswer train(LocalTraining client) {
    NamedTensors start = client.global().adapter();
    NamedTensors global = control(client.global());
    NamedTensors own = client.kept(CONTROL).orElseGet(() -> zeros(start));
    NamedTensors correction = each(global, own, (c, ck) -> c - ck);
    Correction steps = new Correction(correction);
    LocalTraining.Trained trained = client.train(start, List.of(steps));
    NamedTensors change =
        steps.rates == 0 // every step was skipped
            ? zeros(start)
            : each(
                each(start, trained.adapter(), (x, y) -> (x - y) / steps.rates),
                global,
                (mean, c) -> mean - c);
    return new ClientAnswer(
        Map.of(ADAPTER, trained.adapter(), CONTROL, change),
        Map.of(CONTROL, each(own, change, Double::sum)),
        trained.report());
  }

  @Override
  public void check(ServerState before, Message answer) {
    answer.expectShapes(ADAPTER, before.adapter());
    answer.expectShapes(CONTROL, control(before));
  }

  @Override
  public ServerState aggregate(ServerState before, Cohort cohort) {
    Map<String, Tensor> adapter = new LinkedHashMap<>();
    Map<String, Tensor> control = new LinkedHashMap<>();
    for (String name : before.adapter().names()) {
      adapter.put(
          name,
          each(
              before.adapter().get(name),
              cohort.weightedMean(ADAPTER, name),
              (x, mean) -> x + serverRate * (mean - x)));
      control.put(name, control(control(before).get(name), cohort, name));
    }
    return new ServerState(
        new NamedTensors(adapter), Map.of(CONTROL, new NamedTensors(control)), before.own());
  }

  /** The old control and the sum of the cohort's changes over the number of all clients. */
  private static Tensor control(Tensor before, Cohort cohort, String name) {
    double[] sum = new double[before.values().length];
    for (int m = 0; m < cohort.members().size(); m++) {
      float[] change = cohort.tensor(m, CONTROL, name).values();
      for (int i = 0; i < sum.length; i++) {
        sum[i] += change[i];
      }
    }
    float[] next = new float[sum.length];
    for (int i = 0; i < sum.length; i++) {
      next[i] = (float) (before.values()[i] + sum[i] / cohort.clients());
    }
    return new Tensor(before.shape(), next);
  }

  private static NamedTensors control(ServerState state) {
    NamedTensors control = state.shared().get(CONTROL);
    if (control == null) {
      throw new IllegalStateException(
          "The state has no control variate: " + state.shared().keySet());
    }
    return control;
  }

  private static NamedTensors zeros(NamedTensors like) {
    return each(like, like, (a, b) -> 0);
  }

  private static NamedTensors each(NamedTensors a, NamedTensors b, Elementwise rule) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    a.byName().forEach((name, tensor) -> tensors.put(name, each(tensor, b.get(name), rule)));
    return new NamedTensors(tensors);
  }

  private static Tensor each(Tensor a, Tensor b, Elementwise rule) {
    float[] values = new float[a.values().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) rule.of(a.values()[i], b.values()[i]);
    }
    return new Tensor(a.shape(), values);
  }
}
