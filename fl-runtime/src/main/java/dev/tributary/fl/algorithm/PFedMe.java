// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.hook.Gradients;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.hook.TrainingStep;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Personal adapters theta around a common one w: on each batch a client takes inner steps on {@code
 * f(theta) + lambda/2 ||theta - w||^2}, and then an outer step {@code w = w - rate lambda (w -
 * theta)}, which is a gradient step on the Moreau envelope. The server goes from w to {@code (1 -
 * beta) w + beta mean(w_k)}.
 *
 * <p>Dinh et al. 2020, <a href="https://arxiv.org/abs/2006.08848">Personalized Federated Learning
 * with Moreau Envelopes</a>, algorithm 1. {@code training.local-steps} are its R outer steps,
 * {@code training.optimizer} takes the inner ones; with plain SGD they are the paper's. As in its
 * authors' code theta begins a round at w and goes on from batch to batch. Deviation: the mean is
 * weighted as {@code training.weighting} says. All of it is float32, whatever the base's dtype is.
 *
 * <p>FS-LLM takes an outer step at the end of each pass over the data only (5 where 30 are meant),
 * and throws theta away; here theta is what a client keeps, evaluated and exported as its own.
 */
public record PFedMe(Config config) implements FederatedAlgorithm {
  /**
   * {@code algorithm: {name: pfedme, ...}}.
   *
   * @param lambda how closely theta is bound to w, above 0; the paper takes 15
   * @param innerSteps on each batch (K), at least 1
   * @param learningRate of the outer step (eta), above 0; times lambda at most 1
   * @param beta of the server, above 0; the paper takes 1 to 4
   */
  public record Config(
      @Default("15.0") double lambda,
      @Default("5") int innerSteps,
      @Default("0.005") double learningRate,
      @Default("1.0") double beta)
      implements Serializable {
    public Config {
      new Faults()
          .check(
              lambda > 0 && Double.isFinite(lambda),
              "lambda",
              lambda,
              "give a number above 0, e.g. 15")
          .check(innerSteps >= 1, "inner-steps", innerSteps, "give 1 or more, e.g. 5")
          .check(
              learningRate > 0 && learningRate * lambda <= 1,
              "learning-rate",
              learningRate,
              "give a rate above 0; times lambda it may be 1 at most, or outer steps overshoot")
          .check(beta > 0 && Double.isFinite(beta), "beta", beta, "give a number above 0, e.g. 1")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: pfedme}. */
  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "pfedme";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new PFedMe(config);
    }
  }

  /** Binds theta to w, and moves w when a batch is done with. */
  private static final class Envelope implements TrainingHook {
    private final Config config;
    private NamedTensors w;
    private int outerSteps;

    Envelope(Config config, NamedTensors w) {
      this.config = config;
      this.w = w;
    }

    @Override
    public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
      int due = step.step() / config.innerSteps();
      if (outerSteps < due) {
        moveTo(due, gradients.weights());
      }
      gradients.addDifference(config.lambda(), w);
      return Verdict.CONTINUE;
    }

    /** Outer steps up to a number of them; steps that were skipped left theta where it was. */
    void moveTo(int due, NamedTensors theta) {
      for (; outerSteps < due; outerSteps++) {
        w = between(w, theta, config.learningRate() * config.lambda());
      }
    }
  }

  /** {@code a + share (b - a)}. */
  private static NamedTensors between(NamedTensors a, NamedTensors b, double share) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    a.byName().forEach((name, tensor) -> tensors.put(name, between(tensor, b.get(name), share)));
    return new NamedTensors(tensors);
  }

  private static Tensor between(Tensor a, Tensor b, double share) {
    float[] values = new float[a.values().length];
    for (int i = 0; i < values.length; i++) {
      double from = a.values()[i];
      values[i] = (float) (from + share * (b.values()[i] - from));
    }
    return new Tensor(a.shape(), values);
  }

  @Override
  public boolean averages() {
    return config.beta() == 1;
  }

  @Override
  public boolean personalises() {
    return true;
  }

  @Override
  public boolean clientsRemember() {
    return false; // theta begins anew at w
  }

  @Override
  public ClientAnswer train(LocalTraining client) {
    NamedTensors start = client.global().adapter();
    Envelope envelope = new Envelope(config, start);
    LocalTraining.Trained theta =
        client.train(
            start,
            new LocalTraining.Course(
                0, client.localSteps(), config.innerSteps(), List.of(envelope), name -> false));
    envelope.moveTo(client.localSteps(), theta.adapter());
    return new ClientAnswer(
        Map.of(ADAPTER, envelope.w), Map.of(ADAPTER, theta.adapter()), theta.report());
  }

  @Override
  public ServerState aggregate(ServerState before, Cohort cohort) {
    ServerState mean = new FedAvg().aggregate(before, cohort);
    return config.beta() == 1
        ? mean
        : before.withAdapter(between(before.adapter(), mean.adapter(), config.beta()));
  }
}
