// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.algorithm.Cohort;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A round's answers, whose mean of low-rank factors is what a rule makes of them: so the rule
 * stands beside the federated algorithm, which asks for {@link #weightedMean}. Layers are merged
 * several at once, each on one thread, so the result does not depend on how many there are.
 */
public final class AggregatedCohort implements Cohort {
  private final Cohort answers;
  private final ServerState before;
  private final FactorExchange exchange;
  private final LowRankAlgebra algebra;
  private final Seed seed;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
  private final Map<String, Tensor> factors = new LinkedHashMap<>();
  private final List<LayerReport> reports = new ArrayList<>();

  /**
   * Merges all layers.
   *
   * @param before whose adapter clients were sent
   * @param seed of the round's aggregation
   * @param measured whether {@link #reports} are wanted where the rule does not need products
   *     itself
   */
  public AggregatedCohort(
      Cohort answers,
      ServerState before,
      FactorExchange exchange,
      LowRankAlgebra algebra,
      Seed seed,
      boolean measured) {
    this.answers = answers;
    this.before = before;
    this.exchange = exchange;
    this.algebra = algebra;
    this.seed = seed;
    if (exchange.rule() instanceof FedIt && !measured) {
      return; // the answers' own mean is the same, tensor by tensor
    }
    for (Result result : mergeAll(measured)) {
      result.report().ifPresent(reports::add);
      factors.putAll(result.factors());
    }
  }

  private record Result(Map<String, Tensor> factors, Optional<LayerReport> report) {}

  private List<Result> mergeAll(boolean measured) {
    Set<String> layers = new LinkedHashSet<>();
    before.adapter().names().forEach(name -> exchange.layer(name).ifPresent(layers::add));
    int threads = Math.max(1, Math.min(layers.size(), Runtime.getRuntime().availableProcessors()));
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Result>> running = new ArrayList<>();
      for (String layer : layers) {
        running.add(pool.submit(() -> merge(updates(layer), measured)));
      }
      List<Result> results = new ArrayList<>();
      for (Future<Result> each : running) {
        results.add(each.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while layers were merged", e);
    } finally {
      pool.shutdownNow();
    }
  }

  private Result merge(LayerUpdates layer, boolean measured) {
    LoraAggregation.Merged merged = exchange.rule().merge(layer);
    LowRank trained = merged.trained().rounded();
    LowRank held = merged.held().rounded();
    Map<String, Tensor> next = new LinkedHashMap<>();
    LowRank all = held.rank() == 0 ? trained : LowRank.sum(List.of(trained, held));
    next.put(layer.name() + Lora.A, all.tensorA());
    next.put(layer.name() + Lora.B, all.tensorB());
    return new Result(
        next,
        measured
            ? Optional.of(report(layer, trained, held, merged.discardedEnergy()))
            : Optional.empty());
  }

  private LayerReport report(LayerUpdates layer, LowRank trained, LowRank held, double discarded) {
    double[][] products =
        algebra.products(
            List.of(layer.productMean(), trained, held, layer.held(), layer.factorMeans()));
    double norm = norm(products, 1, 0, 0, 0, 0);
    return new LayerReport(
        layer.name(),
        trained.rank(),
        held.rank(),
        norm,
        norm == 0 ? 0 : norm(products, 1, -1, -1, 1, 0) / norm,
        norm == 0 ? 0 : norm(products, 1, 0, 0, 0, -1) / norm,
        discarded);
  }

  /** Norm of the sum with these factors; what rounding leaves below 0 is 0. */
  private static double norm(double[][] products, double... factors) {
    double square = 0;
    for (int i = 0; i < factors.length; i++) {
      for (int j = 0; j < factors.length; j++) {
        square += factors[i] * factors[j] * products[i][j];
      }
    }
    return Math.sqrt(Math.max(0, square));
  }

  /** How layers were merged, in the order of the adapter; empty where nothing was measured. */
  public List<LayerReport> reports() {
    return List.copyOf(reports);
  }

  @Override
  public int round() {
    return answers.round();
  }

  @Override
  public int clients() {
    return answers.clients();
  }

  @Override
  public List<Member> members() {
    return answers.members();
  }

  @Override
  public Tensor tensor(int member, String part, String name) {
    return answers.tensor(member, part, name);
  }

  @Override
  public Tensor weightedMean(String part, String name) {
    Tensor merged = part.equals(FederatedAlgorithm.ADAPTER) ? factors.get(name) : null;
    return merged == null ? answers.weightedMean(part, name) : merged;
  }

  private LayerUpdates updates(String name) {
    LoraAggregation rule = exchange.rule();
    LowRank whole =
        LowRank.of(before.adapter().get(name + Lora.B), before.adapter().get(name + Lora.A));
    int rank = exchange.rank(name);
    LowRank trained = whole.part(0, rank);
    return new LayerUpdates(
        name,
        trained,
        whole.part(rank, whole.rank()),
        answers.members().stream()
            .map(member -> new LoraAggregation.Layer.Share(member.client(), member.weight()))
            .toList(),
        member -> {
          LowRank sent = trained.part(0, rule.rank(answers.members().get(member).client(), rank));
          return LowRank.of(
              factor(member, LoraAggregation.Factor.B, name + Lora.B, sent.tensorB()),
              factor(member, LoraAggregation.Factor.A, name + Lora.A, sent.tensorA()));
        },
        seed.child(name),
        algebra,
        scratch.get());
  }

  /** As a client sent it back; as it was sent to it where it does not train it. */
  private Tensor factor(int member, LoraAggregation.Factor factor, String name, Tensor sent) {
    return exchange.rule().trains(factor, answers.round())
        ? answers.tensor(member, FederatedAlgorithm.ADAPTER, name)
        : sent;
  }
}
