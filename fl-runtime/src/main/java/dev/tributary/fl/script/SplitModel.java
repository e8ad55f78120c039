// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.Sampling;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * One base on several devices, which share each batch: every device has the whole base and a copy
 * of the trained tensors, computes the gradients of some of the examples, and the first one adds
 * them up and takes the step. The sum is that of one device but for the order of its terms; dropout
 * draws for each device.
 */
final class SplitModel implements CausalLm {
  private final List<ScriptModel> replicas;
  private final ExecutorService threads;

  private SplitModel(List<ScriptModel> replicas) {
    this.replicas = replicas;
    this.threads =
        Executors.newFixedThreadPool(
            replicas.size(),
            task -> {
              Thread thread = new Thread(task, "tributary-device");
              thread.setDaemon(true);
              return thread;
            });
  }

  static SplitModel load(
      Checkpoint checkpoint, Computation computation, List<ai.djl.Device> devices) {
    List<ScriptModel> replicas = new ArrayList<>();
    try {
      for (ai.djl.Device device : devices) {
        replicas.add(ScriptModel.load(checkpoint, computation, List.of(device)));
      }
    } catch (RuntimeException e) {
      replicas.forEach(ScriptModel::close);
      throw e;
    }
    return new SplitModel(replicas);
  }

  @Override
  public ModelConfig config() {
    return replicas.get(0).config();
  }

  @Override
  public TrainedWeights weights(AdapterMethod adapter, NamedTensors state) {
    List<ScriptWeights> copies = new ArrayList<>();
    try {
      for (ScriptModel replica : replicas) {
        copies.add((ScriptWeights) replica.weights(adapter, state));
      }
    } catch (RuntimeException e) {
      copies.forEach(ScriptWeights::close);
      throw e;
    }
    return new Weights(copies);
  }

  @Override
  public float[] logProbabilities(TrainedWeights weights, PackedBatch batch) {
    return replicas.get(0).logProbabilities(mine(weights).first(), batch);
  }

  @Override
  public float[] logits(TrainedWeights weights, PackedBatch batch) {
    return replicas.get(0).logits(mine(weights).first(), batch);
  }

  @Override
  public List<int[]> generate(
      TrainedWeights weights,
      List<int[]> prompts,
      int maxNewTokens,
      List<int[]> stops,
      Sampling sampling,
      List<Seed> seeds) {
    Weights own = mine(weights);
    int devices = Math.max(1, Math.min(replicas.size(), prompts.size()));
    int each = (prompts.size() + devices - 1) / devices;
    return onEach(
            devices,
            device -> {
              int from = Math.min(prompts.size(), device * each);
              int to = Math.min(prompts.size(), from + each);
              return replicas
                  .get(device)
                  .generate(
                      own.copies.get(device),
                      prompts.subList(from, to),
                      maxNewTokens,
                      stops,
                      sampling,
                      sampling.draws() ? seeds.subList(from, to) : List.of());
            })
        .stream()
        .flatMap(List::stream)
        .toList();
  }

  @Override
  public void close() {
    threads.shutdown();
    replicas.forEach(ScriptModel::close);
  }

  private Weights mine(TrainedWeights weights) {
    if (weights instanceof Weights own && own.first().isOn(replicas.get(0))) {
      return own;
    }
    throw new IllegalArgumentException("These weights were made by another model");
  }

  /** Results of devices 0 to count - 1, which compute side by side. */
  private <T> List<T> onEach(int count, IntFunction<T> work) {
    List<CompletableFuture<T>> parts =
        IntStream.range(0, count)
            .mapToObj(i -> CompletableFuture.supplyAsync(() -> work.apply(i), threads))
            .toList();
    List<T> results = new ArrayList<>();
    try {
      parts.forEach(part -> results.add(part.join()));
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw e;
    }
    return results;
  }

  /** Equal copies on all devices; gradients and optimiser state are the first one's. */
  private final class Weights implements TrainedWeights {
    private final List<ScriptWeights> copies;

    Weights(List<ScriptWeights> copies) {
      this.copies = copies;
    }

    ScriptWeights first() {
      return copies.get(0);
    }

    private List<ScriptWeights> others() {
      return copies.subList(1, copies.size());
    }

    @Override
    public double addGradients(PackedBatch batch, double weight, long dropoutSeed) {
      List<PackedBatch> parts = batch.parts(copies.size());
      double loss =
          onEach(
                  parts.size(),
                  i ->
                      copies
                          .get(i)
                          .addGradients(
                              parts.get(i), weight, Seed.of(dropoutSeed).child(i).value()))
              .stream()
              .mapToDouble(Double::doubleValue)
              .sum();
      for (ScriptWeights copy : copies.subList(1, parts.size())) {
        first().addToGradients(1, copy.gradients());
        copy.clearGradients();
      }
      return loss;
    }

    @Override
    public int virtualTokens() {
      return first().virtualTokens();
    }

    @Override
    public boolean backOff() {
      boolean lowered = first().backOff();
      others().forEach(ScriptWeights::backOff);
      return lowered;
    }

    @Override
    public void hold(NamedTensors trained) {
      first().hold(trained);
    }

    @Override
    public double gradientNorm() {
      return first().gradientNorm();
    }

    @Override
    public void scaleGradients(double factor) {
      first().scaleGradients(factor);
    }

    @Override
    public void addToGradients(double factor, NamedTensors addend) {
      first().addToGradients(factor, addend);
    }

    @Override
    public void addDifferenceToGradients(double factor, NamedTensors reference) {
      first().addDifferenceToGradients(factor, reference);
    }

    @Override
    public void update(OptimizerRule rule, double learningRate, long step) {
      first().update(rule, learningRate, step);
      NamedTensors moved = first().state();
      others().forEach(copy -> copy.become(moved));
    }

    @Override
    public void clearGradients() {
      first().clearGradients();
    }

    @Override
    public NamedTensors state() {
      return first().state();
    }

    @Override
    public NamedTensors gradients() {
      return first().gradients();
    }

    @Override
    public NamedTensors optimizerState() {
      return first().optimizerState();
    }

    @Override
    public void restoreOptimizerState(NamedTensors state) {
      first().restoreOptimizerState(state);
    }

    @Override
    public void close() {
      copies.forEach(ScriptWeights::close);
    }
  }
}
