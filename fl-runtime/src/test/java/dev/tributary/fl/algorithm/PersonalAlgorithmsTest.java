// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.message.ClientReport;
import dev.tributary.fl.model.OptimizerRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** pFedMe, Ditto and adapters that are shared in part, on problems whose solutions are known. */
class PersonalAlgorithmsTest {
  private static final Quadratics PROBLEM =
      new Quadratics(new double[] {1, 2, 4}, new double[] {-3, 1, 5}, 4, 0.02);

  private static PFedMe pFedMe(double lambda, int innerSteps, double rate, double beta) {
    return new PFedMe(new PFedMe.Config(lambda, innerSteps, rate, beta));
  }

  /** Two inner steps and an outer one, twice, written out; rate 0.02, lambda 5, eta 0.1. */
  @Test
  void pFedMeTakesAnOuterStepAfterEveryKInnerOnes() {
    Quadratics one = new Quadratics(new double[] {2}, new double[] {1}, 2, 0.02);
    double theta = 4;
    double w = 4;
    for (int batch = 0; batch < 2; batch++) {
      for (int inner = 0; inner < 2; inner++) {
        theta -= 0.02 * (2 * (theta - 1) + 5 * (theta - w));
      }
      w -= 0.1 * 5 * (w - theta);
    }
    Quadratics.Personal found = one.personal(pFedMe(5, 2, 0.1, 1), 4, 1);
    assertThat(found.global()).isCloseTo(w, within(1e-6));
    assertThat(found.own().get(0)).isCloseTo(theta, within(1e-6));
    // and the server's step
    assertThat(one.personal(pFedMe(5, 2, 0.1, 0.25), 4, 1).global())
        .isCloseTo(0.75 * 4 + 0.25 * w, within(1e-6));
  }

  /**
   * The envelope of a/2 (x - b)^2 is a' / 2 (w - b)^2 with a' = a lambda / (a + lambda); w ends
   * where their mean is least, and theta at (a b + lambda w) / (a + lambda).
   */
  @Test
  void pFedMeEndsAtTheOptimumOfTheEnvelopes() {
    double lambda = 3;
    double above = 0;
    double below = 0;
    for (int k = 0; k < 3; k++) {
      double a = PROBLEM.curvatures()[k] * lambda / (PROBLEM.curvatures()[k] + lambda);
      above += a * PROBLEM.centers()[k];
      below += a;
    }
    double optimum = above / below;
    // many inner steps solve the inner problem; small outer steps keep clients from drifting
    Quadratics.Personal found = PROBLEM.personal(pFedMe(lambda, 60, 0.005, 1), 0, 600);
    assertThat(found.global()).isCloseTo(optimum, within(0.02));
    for (int k = 0; k < 3; k++) {
      double a = PROBLEM.curvatures()[k];
      double theta = (a * PROBLEM.centers()[k] + lambda * optimum) / (a + lambda);
      assertThat(found.own().get(k)).isCloseTo(theta, within(0.05));
    }
    assertThat(Math.abs(optimum - PROBLEM.optimum())).isGreaterThan(0.2); // not FedAvg's
  }

  @Test
  void dittosGlobalIsFedAvgAndItsOwnMinimisesTheProximalLoss() {
    Ditto ditto = new Ditto(new Ditto.Config(2, Optional.empty()));
    List<Double> plain = PROBLEM.train(new FedAvg(), 0, 300);
    Quadratics.Personal found = PROBLEM.personal(ditto, 0, 300);
    assertThat(found.global()).isEqualTo(plain.get(299));
    for (int k = 0; k < 3; k++) {
      double a = PROBLEM.curvatures()[k];
      double own = (a * PROBLEM.centers()[k] + 2 * found.global()) / (a + 2);
      assertThat(found.own().get(k)).isCloseTo(own, within(1e-3));
    }
  }

  @Test
  void dittoWithoutItsTermIsLocalTraining() {
    Ditto free = new Ditto(new Ditto.Config(0, Optional.empty()));
    Quadratics.Personal found = PROBLEM.personal(free, 0, 7);
    assertThat(found.own()).isEqualTo(PROBLEM.personal(new LocalOnly(), 0, 7).own());
    Ditto longer = new Ditto(new Ditto.Config(0, Optional.of(8)));
    assertThat(PROBLEM.personal(longer, 0, 7).own())
        .isEqualTo(
            new Quadratics(PROBLEM.curvatures(), PROBLEM.centers(), 8, 0.02)
                .personal(new LocalOnly(), 0, 7)
                .own());
  }

  // ---- shared in part

  private static NamedTensors two(float a, float b) {
    return new NamedTensors(
        new java.util.LinkedHashMap<>(
            Map.of(
                "layer.lora_A.weight",
                new Tensor(List.of(1L), new float[] {a}),
                "layer.lora_B.weight",
                new Tensor(List.of(1L), new float[] {b}))));
  }

  private static NamedTensors uploaded(ClientAnswer answer) {
    return java.util.Objects.requireNonNull(answer.upload().get(FederatedAlgorithm.ADAPTER));
  }

  private static float of(NamedTensors tensors, String factor) {
    return tensors.get("layer." + factor + ".weight").values()[0];
  }

  /** Adds 1 to what is trained in each step, and notes what it was asked. */
  private static final class Adding implements LocalTraining {
    private final NamedTensors global;
    private final Map<String, NamedTensors> keptParts;
    final List<Course> courses = new ArrayList<>();

    Adding(NamedTensors global, Map<String, NamedTensors> keptParts) {
      this.global = global;
      this.keptParts = keptParts;
    }

    @Override
    public int round() {
      return 1;
    }

    @Override
    public int client() {
      return 0;
    }

    @Override
    public ServerState global() {
      return ServerState.of(global);
    }

    @Override
    public Optional<NamedTensors> kept(String part) {
      return Optional.ofNullable(keptParts.get(part));
    }

    @Override
    public int localSteps() {
      return 10;
    }

    @Override
    public Trained train(NamedTensors start, Course course) {
      courses.add(course);
      Map<String, Tensor> after = new java.util.LinkedHashMap<>();
      start
          .byName()
          .forEach(
              (name, tensor) -> {
                float more = course.held().test(name) ? 0 : course.steps();
                after.put(
                    name, new Tensor(tensor.shape(), new float[] {tensor.values()[0] + more}));
              });
      ClientReport report =
          new ClientReport(
              course.steps(), 5, 0, 0, course.steps(), 0, 0, course.steps(), 8, 2, 1, 1, List.of());
      return new Trained(new NamedTensors(after), report);
    }
  }

  @Test
  void fedSaSharesAAndKeepsB() {
    FederatedAlgorithm fedSa =
        new PartlyPersonal.FedSa().create(new PartlyPersonal.FedSaConfig(List.of("lora_B")));
    Adding first = new Adding(two(1, 0), Map.of());
    ClientAnswer answer = fedSa.train(first);
    NamedTensors shared = uploaded(answer);
    assertThat(shared.names()).containsExactly("layer.lora_A.weight");
    assertThat(of(shared, "lora_A")).isEqualTo(11);

    ServerState next =
        fedSa.aggregate(ServerState.of(two(1, 0)), new Quadratics.InMemory(1, List.of(answer), 1));
    assertThat(of(next.adapter(), "lora_A")).isEqualTo(11);
    assertThat(of(next.adapter(), "lora_B")).isEqualTo(0); // nobody told the server
    assertThat(of(fedSa.personal(next.adapter(), answer.keep()), "lora_B")).isEqualTo(10);
    assertThat(of(fedSa.personal(next.adapter(), Map.of()), "lora_B")).isEqualTo(0);

    ClientAnswer second = fedSa.train(new Adding(next.adapter(), answer.keep()));
    assertThat(of(fedSa.personal(next.adapter(), second.keep()), "lora_B")).isEqualTo(20);
  }

  @Test
  void fedRepTrainsItsOwnFirstThenWhatIsShared() {
    FederatedAlgorithm fedRep =
        new PartlyPersonal.FedRep()
            .create(new PartlyPersonal.FedRepConfig(List.of("lora_B"), Optional.of(4)));
    Adding client = new Adding(two(0, 0), Map.of());
    ClientAnswer answer = fedRep.train(client);
    assertThat(of(uploaded(answer), "lora_A")).isEqualTo(6);
    assertThat(of(fedRep.personal(two(0, 0), answer.keep()), "lora_B")).isEqualTo(4);
    assertThat(client.courses).extracting(LocalTraining.Course::first).containsExactly(0, 4);
    assertThat(client.courses).extracting(LocalTraining.Course::steps).containsExactly(4, 6);
    assertThat(answer.report().steps()).isEqualTo(10);
    assertThat(answer.report().examplesSeen()).isEqualTo(10);
    assertThat(answer.report().dataSize()).isEqualTo(5);

    OptimizerRule any = new OptimizerRule.Sgd(0, false, 0);
    assertThat(fedRep.objection(any, 10)).isEmpty();
    assertThat(fedRep.objection(any, 4)).hasValueSatisfying(r -> assertThat(r).contains("4"));
  }

  @Test
  void patternsMustPartTheAdapter() {
    for (String pattern : List.of("lora", "head")) {
      FederatedAlgorithm none =
          new PartlyPersonal.FedSa().create(new PartlyPersonal.FedSaConfig(List.of(pattern)));
      assertThatThrownBy(() -> none.initial(two(0, 0)))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("training.algorithm.personal")
          .hasMessageContaining("layer.lora_A.weight");
    }
    assertThatThrownBy(() -> new PartlyPersonal.FedSaConfig(List.of("(")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("regular expression");
    assertThatThrownBy(() -> new PFedMe.Config(15, 0, 0.1, -1))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("inner-steps")
        .hasMessageContaining("overshoot")
        .hasMessageContaining("beta");
  }
}
