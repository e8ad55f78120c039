// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.model.OptimizerRule;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Laws, examples by hand, and convergence where the optimum is known. */
class ServerAlgorithmsTest {
  private static final Quadratics PROBLEM =
      new Quadratics(new double[] {1, 2, 6}, new double[] {-1, 3, 2}, 10, 0.05);

  /** What each begins at is 1; clients answer 1.5, 2 and 4, so the mean change is 1.5. */
  private static double afterRounds(ServerOptimizer algorithm, int rounds) {
    ServerState state = algorithm.initial(Quadratics.tensor(1));
    for (int round = 1; round <= rounds; round++) {
      double at = Quadratics.value(state.adapter());
      List<ClientAnswer> answers =
          DoubleStream.of(0.5, 1, 3).mapToObj(move -> Quadratics.answer(at + move)).toList();
      state = algorithm.aggregate(state, new Quadratics.InMemory(round, answers, 3));
    }
    return Quadratics.value(state.adapter());
  }

  @Test
  void momentumByHand() {
    // m = 1.5, then 0.9 * 1.5 + 1.5 = 2.85
    assertThat(afterRounds(new FedAvgM(new FedAvgM.Config(0.9, 0.5)), 2))
        .isCloseTo(1 + 0.5 * (1.5 + 2.85), within(1e-6));
  }

  @Test
  void adagradByHand() {
    // v = 0.01 + 2.25, then + 2.25; m is delta
    double moved = 1.5 / (Math.sqrt(2.26) + 0.1) + 1.5 / (Math.sqrt(4.51) + 0.1);
    assertThat(afterRounds(new FedAdagrad(0.2, 0, 0.1), 2))
        .isCloseTo(1 + 0.2 * moved, within(1e-6));
  }

  @Test
  void adamByHand() {
    double v1 = 0.99 * 0.01 + 0.01 * 2.25;
    double v2 = 0.99 * v1 + 0.01 * 2.25;
    double moved = 0.15 / (Math.sqrt(v1) + 0.1) + (0.9 * 0.15 + 0.15) / (Math.sqrt(v2) + 0.1);
    assertThat(afterRounds(new FedAdam(0.2, 0.9, 0.99, 0.1), 2))
        .isCloseTo(1 + 0.2 * moved, within(1e-6));
  }

  @Test
  void yogiByHand() {
    double v1 = 0.01 + 0.01 * 2.25; // v is below delta^2: it grows by its share of it
    double v2 = v1 + 0.01 * 2.25;
    double moved = 0.15 / (Math.sqrt(v1) + 0.1) + (0.9 * 0.15 + 0.15) / (Math.sqrt(v2) + 0.1);
    assertThat(afterRounds(new FedYogi(0.2, 0.9, 0.99, 0.1), 2))
        .isCloseTo(1 + 0.2 * moved, within(1e-6));
    assertThat(new FedYogi(0.2, 0.9, 0.99, 0.1).second(5, 2)).isCloseTo(4.98, within(1e-12));
  }

  static Stream<FederatedAlgorithm> reducedToFedAvg() {
    return Stream.of(new FedProx(0), new FedAvgM(new FedAvgM.Config(0, 1)));
  }

  @ParameterizedTest
  @MethodSource
  void reducedToFedAvg(FederatedAlgorithm algorithm) {
    assertThat(PROBLEM.train(algorithm, 7, 20)).isEqualTo(PROBLEM.train(new FedAvg(), 7, 20));
  }

  @Test
  void aSingleClientNeedsNoControl() {
    Quadratics alone = new Quadratics(new double[] {2}, new double[] {3}, 5, 0.1);
    assertThat(alone.train(new Scaffold(1), 7, 20)).isEqualTo(alone.train(new FedAvg(), 7, 20));
  }

  @Test
  void clientsThatDifferDriftUnlessControlled() {
    double optimum = PROBLEM.optimum();
    assertThat(last(PROBLEM.train(new FedAvg(), 7, 300)))
        .isNotCloseTo(optimum, within(0.05)); // each client's own optimum pulls
    assertThat(last(PROBLEM.train(new Scaffold(1), 7, 300))).isCloseTo(optimum, within(1e-4));
  }

  @Test
  void theProximalTermHoldsClientsBack() {
    double drift = Math.abs(last(PROBLEM.train(new FedAvg(), 7, 300)) - PROBLEM.optimum());
    double held = Math.abs(last(PROBLEM.train(new FedProx(10), 7, 300)) - PROBLEM.optimum());
    assertThat(held).isLessThan(drift / 2);
  }

  @Test
  void proximalStepsByHand() {
    // one client, two steps: 1 -> 1 - 0.1 * 2 (1 - 3) = 1.4 -> 1.4 - 0.1 (2 (1.4 - 3) + 5 * 0.4)
    Quadratics alone = new Quadratics(new double[] {2}, new double[] {3}, 2, 0.1);
    assertThat(last(alone.train(new FedProx(5), 1, 1))).isCloseTo(1.52, within(1e-6));
  }

  static Stream<FederatedAlgorithm> serversConverge() {
    return Stream.of(
        new FedAvgM(new FedAvgM.Config(0.9, 0.1)),
        new FedAdam(0.05, 0.9, 0.99, 0.01),
        new FedYogi(0.05, 0.9, 0.99, 0.01),
        new FedAdagrad(0.5, 0, 0.01),
        new Scaffold(0.5));
  }

  /** Of equal curvatures the mean of the clients' ways leads to the optimum. */
  @ParameterizedTest
  @MethodSource
  void serversConverge(FederatedAlgorithm algorithm) {
    Quadratics problem = new Quadratics(new double[] {1, 1, 1}, new double[] {-1, 3, 2}, 3, 0.1);
    assertThat(last(problem.train(algorithm, 2, 2000))).isCloseTo(problem.optimum(), within(5e-3));
  }

  @Test
  void aServerAtRestStaysThere() {
    NamedTensors start = Quadratics.tensor(0.3f);
    for (ServerOptimizer algorithm :
        List.of(
            new FedAvgM(new FedAvgM.Config(0.9, 1)),
            new FedAdam(0.1, 0.9, 0.99, 1e-3),
            new FedYogi(0.1, 0.9, 0.99, 1e-3),
            new FedAdagrad(0.1, 0, 1e-3))) {
      List<ClientAnswer> same = List.of(Quadratics.answer(0.3f), Quadratics.answer(0.3f));
      ServerState after =
          algorithm.aggregate(algorithm.initial(start), new Quadratics.InMemory(1, same, 2));
      assertThat(Quadratics.value(after.adapter())).isEqualTo(0.3f);
    }
  }

  @Test
  void aControlMovesByTheCohortsShareOfAllClients() {
    Scaffold scaffold = new Scaffold(1);
    ClientAnswer answer = Quadratics.answer(1);
    ClientAnswer changed =
        new ClientAnswer(
            Map.of(
                FederatedAlgorithm.ADAPTER, Quadratics.tensor(1),
                Scaffold.CONTROL, Quadratics.tensor(8)),
            answer.keep(),
            answer.report());
    ServerState after =
        scaffold.aggregate(
            scaffold.initial(Quadratics.tensor(0)),
            new Quadratics.InMemory(1, List.of(changed, changed), 10));
    assertThat(after.shared()).containsOnlyKeys(Scaffold.CONTROL);
    after // 2 of 10 clients
        .shared()
        .values()
        .forEach(control -> assertThat(Quadratics.value(control)).isEqualTo(1.6f));
  }

  @Test
  void controlsGoWithPlainGradientStepsOnly() {
    Scaffold scaffold = new Scaffold(1);
    assertThat(scaffold.objection(new OptimizerRule.Sgd(0, false, 0.1), 10)).isEmpty();
    assertThat(scaffold.objection(new OptimizerRule.Sgd(0.9, false, 0), 10)).isPresent();
    assertThat(scaffold.objection(new OptimizerRule.AdamW(0.9, 0.999, 1e-8, 0), 10).orElse(""))
        .contains("training.optimizer {name: sgd, momentum: 0}");
    assertThat(new FedAdam(0.1, 0.9, 0.99, 1e-3).objection(new OptimizerRule.Sgd(0.9, true, 0), 10))
        .isEmpty();
  }

  @Test
  void settingsAreChecked() {
    assertThatThrownBy(() -> new FedProx.Config(-1)).isInstanceOf(ConfigException.class);
    assertThatThrownBy(() -> new FedAvgM.Config(1, 0))
        .hasMessageContaining("momentum")
        .hasMessageContaining("learning-rate");
    assertThatThrownBy(() -> new FedAdam.Config(0, 1, 1, 0))
        .hasMessageContaining("learning-rate")
        .hasMessageContaining("beta1")
        .hasMessageContaining("beta2")
        .hasMessageContaining("tau");
    assertThatThrownBy(() -> new Scaffold.Config(Double.NaN)).hasMessageContaining("learning-rate");
  }

  private static double last(List<Double> values) {
    return values.get(values.size() - 1);
  }
}
