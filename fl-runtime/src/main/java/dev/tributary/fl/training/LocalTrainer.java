// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.algorithm.LocalTraining.Course;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.hook.ClipNorm;
import dev.tributary.fl.hook.Gradients;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.hook.TrainingHook.Verdict;
import dev.tributary.fl.hook.TrainingStep;
import dev.tributary.fl.message.ClientReport;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.PackedBatch.Beginning;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.text.EncodedExample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One client's local steps of one round. What it draws hangs on the seed given, never on what runs
 * beside it or was tried before. Used by one thread.
 */
public final class LocalTrainer {
  /** The optimiser between rounds, where {@code keep-state} asks for it. */
  public record OptimizerState(NamedTensors tensors, long steps) {}

  /**
   * @param adapter after the last step
   * @param optimizer after the last step; empty unless {@code keep-state} asks for it
   */
  public record Result(
      NamedTensors adapter, Optional<OptimizerState> optimizer, ClientReport report) {}

  private final CausalLm model;
  private final AdapterMethod adapter;
  private final TrainingConfig config;
  private final int round;
  private final int client;
  private final List<EncodedExample> examples;
  private final int skippedExamples;

  /**
   * @param examples all that the client holds; those without a label are left out and counted
   * @throws InputException if none is left
   */
  public LocalTrainer(
      CausalLm model,
      AdapterMethod adapter,
      TrainingConfig config,
      int round,
      int client,
      List<EncodedExample> examples) {
    this.model = model;
    this.adapter = adapter;
    this.config = config;
    this.round = round;
    this.client = client;
    this.examples = examples.stream().filter(example -> example.labels() > 0).toList();
    this.skippedExamples = examples.size() - this.examples.size();
    if (this.examples.isEmpty()) {
      throw new InputException(
          "Cannot train client "
              + client
              + ": "
              + (examples.isEmpty()
                  ? "it has no training examples; use fewer clients or another splitter"
                  : "the prompt alone fills max-tokens in all of its "
                      + skippedExamples
                      + " examples, so nothing is left to learn; raise data.max-tokens"));
    }
  }

  /**
   * Trains from a start.
   *
   * @param start left as it is
   * @param kept goes on with the optimiser from there; empty for a fresh one
   * @param course how many steps, and the algorithm's terms: they see gradients first, then they
   *     are clipped, then come the hooks of the configuration
   * @param moving where numbers are trained, as {@link TrainedWeights#hold} takes it
   * @param seed of (run, round, client)
   * @throws DivergedException if loss, gradient or result is not finite
   */
  public Result train(
      NamedTensors start,
      Optional<OptimizerState> kept,
      Course course,
      NamedTensors moving,
      Seed seed) {
    try (TrainedWeights weights = model.weights(adapter, start)) {
      weights.hold(held(start, course, moving));
      kept.filter(state -> state.tensors().elements() > 0) // SGD without momentum has none
          .ifPresent(state -> weights.restoreOptimizerState(state.tensors()));
      Steps steps = new Steps(weights, kept.map(OptimizerState::steps).orElse(0L), course, seed);
      for (int step = 0; step < course.steps() * course.repeats(); step++) {
        if (steps.take(step) == Verdict.STOP) {
          break;
        }
      }
      NamedTensors trained = weights.state();
      checkFinite(trained, course);
      return new Result(
          trained,
          config.keepState()
              ? Optional.of(new OptimizerState(weights.optimizerState(), steps.optimizerSteps))
              : Optional.empty(),
          steps.report());
    }
  }

  /** As the other: the round's steps, which move the whole adapter. */
  public Result train(
      NamedTensors start, Optional<OptimizerState> kept, List<TrainingHook> terms, Seed seed) {
    Course course = Course.of(config.localSteps(), terms);
    return train(start, kept, course, new NamedTensors(Map.of()), seed);
  }

  private static NamedTensors held(NamedTensors start, Course course, NamedTensors moving) {
    Map<String, NamedTensors.Tensor> masks = new LinkedHashMap<>(moving.byName());
    start
        .byName()
        .forEach(
            (name, tensor) -> {
              if (course.held().test(name)) {
                float[] nowhere = new float[tensor.values().length];
                masks.put(name, new NamedTensors.Tensor(tensor.shape(), nowhere));
              }
            });
    return new NamedTensors(masks);
  }

  /** The local steps of one call, and what is counted over them. */
  private final class Steps {
    private final TrainedWeights weights;
    private final Course course;
    private final Seed seed;
    private final OptimizerRule rule = config.optimizer().create().rule();
    private final Optional<ClipNorm> clip = config.clipNorm().map(ClipNorm::new);
    private final List<TrainingHook> hooks = new ArrayList<>();
    private final Batches<EncodedExample> batches;
    private final Beginning beginning =
        adapter.stochastic() ? Beginning.REPEATED : Beginning.SHARED;
    private final List<Double> losses = new ArrayList<>();
    private long optimizerSteps;
    private long seen;
    private long tokens;
    private long labels;
    private double lossSum;
    private int skipped;
    private List<EncodedExample> batch = List.of();

    Steps(TrainedWeights weights, long optimizerSteps, Course course, Seed seed) {
      this.weights = weights;
      this.course = course;
      this.optimizerSteps = optimizerSteps;
      this.seed = seed;
      this.batches = new Batches<>(examples, seed.child("batches"));
      hooks.addAll(course.terms());
      clip.ifPresent(hooks::add);
      config.hooks().stream().map(Choice::create).forEach(hooks::add);
    }

    Verdict take(int number) {
      TrainingStep step = gradients(number);
      if (!Double.isFinite(step.gradientNorm())) {
        skipped++; // the weights have cleared their gradients
        return Verdict.CONTINUE;
      }
      Verdict verdict = Verdict.CONTINUE;
      WeightGradients view = new WeightGradients(weights, step.gradientNorm());
      for (int h = 0; h < hooks.size() && verdict == Verdict.CONTINUE; h++) {
        verdict = hooks.get(h).beforeUpdate(step, view);
      }
      if (verdict != Verdict.CONTINUE) {
        weights.clearGradients();
        skipped++;
        return verdict;
      }
      weights.update(rule, step.learningRate(), ++optimizerSteps);
      hooks.forEach(hook -> hook.afterUpdate(step));
      return verdict;
    }

    /** Gradients of the next batch's mean loss per label, one micro-batch after the other. */
    private TrainingStep gradients(int number) {
      Seed stepSeed = seed.child("step").child(number);
      if (number % course.repeats() == 0) {
        batch = batches.next(config.batchSize() * config.gradientAccumulation());
      }
      long batchLabels = batch.stream().mapToLong(EncodedExample::labels).sum();
      double sum = 0;
      for (int micro = 0; micro < config.gradientAccumulation(); micro++) {
        int first = micro * config.batchSize();
        sum +=
            weights.addGradients(
                PackedBatch.of(batch.subList(first, first + config.batchSize()), beginning),
                1.0 / batchLabels,
                stepSeed.child("dropout").child(micro).value());
      }
      double loss = sum / batchLabels;
      double norm = weights.gradientNorm();
      long runStep = runStep(course, number);
      double rate = config.learningRate(runStep);
      boolean finite = Double.isFinite(loss) && Double.isFinite(norm);
      if (!finite && !(Double.isFinite(loss) && weights.backOff())) {
        throw diverged(number, "loss " + loss + ", gradient norm " + norm, rate);
      }
      losses.add(loss);
      lossSum += sum;
      labels += batchLabels;
      seen += batch.size();
      tokens += batch.stream().mapToLong(example -> example.tokens().length).sum();
      return new TrainingStep(
          round, client, number, runStep, rate, batch.size(), batchLabels, loss, norm, stepSeed);
    }

    ClientReport report() {
      return new ClientReport(
          seen,
          examples.size(),
          skippedExamples,
          examples.stream().filter(EncodedExample::cut).count(),
          losses.size(),
          skipped,
          clip.map(ClipNorm::clippedSteps).orElse(0),
          optimizerSteps,
          tokens,
          labels,
          losses.get(0),
          lossSum / labels,
          losses);
    }
  }

  private long runStep(Course course, int number) {
    return (round - 1L) * config.localSteps() + course.first() + number / course.repeats();
  }

  private void checkFinite(NamedTensors trained, Course course) {
    trained
        .byName()
        .forEach(
            (name, tensor) -> {
              for (float value : tensor.values()) {
                if (!Float.isFinite(value)) {
                  int last = course.steps() * course.repeats() - 1;
                  throw diverged(
                      last, name + " holds " + value, config.learningRate(runStep(course, last)));
                }
              }
            });
  }

  private DivergedException diverged(int step, String what, double learningRate) {
    return new DivergedException(
        "Client %d, round %d, step %d: training diverged (%s, learning rate %s); "
                .formatted(client, round, step + 1, what, learningRate)
            + "lower training.optimizer.learning-rate, set training.clip-norm, or compute in"
            + " model.dtype: float32");
  }

  /** What hooks may do with gradients; the norm is computed again only after a change. */
  private static final class WeightGradients implements Gradients {
    private final TrainedWeights weights;
    private OptionalDouble norm;

    WeightGradients(TrainedWeights weights, double norm) {
      this.weights = weights;
      this.norm = OptionalDouble.of(norm);
    }

    @Override
    public double norm() {
      if (norm.isEmpty()) {
        norm = OptionalDouble.of(weights.gradientNorm());
      }
      return norm.getAsDouble();
    }

    @Override
    public void scale(double factor) {
      weights.scaleGradients(factor);
      norm = OptionalDouble.empty();
    }

    @Override
    public void add(double factor, NamedTensors addend) {
      weights.addToGradients(factor, addend);
      norm = OptionalDouble.empty();
    }

    @Override
    public void addDifference(double factor, NamedTensors reference) {
      weights.addDifferenceToGradients(factor, reference);
      norm = OptionalDouble.empty();
    }

    @Override
    public NamedTensors values() {
      return weights.gradients();
    }

    @Override
    public NamedTensors weights() {
      return weights.state();
    }
  }
}
