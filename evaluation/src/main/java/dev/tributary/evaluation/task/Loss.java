// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Halving;
import dev.tributary.evaluation.Interval;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.SplitMeasurement;
import dev.tributary.evaluation.SplitTask;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.text.EncodedExample;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Cross-entropy on held-out examples of the run, of the tokens that carry a label (the answer and
 * its end-of-text), in natural logarithms:
 *
 * <ul>
 *   <li>{@code loss_per_token}: the sum over all labels divided by their number. Long answers count
 *       more.
 *   <li>{@code loss_per_example}: the mean over examples of an example's mean over its labels. Each
 *       example counts the same.
 *   <li>{@code perplexity}: {@code exp(loss_per_token)}.
 * </ul>
 *
 * <p>Each over all clients' examples together, and for each client alone. Intervals are Student's
 * over examples, from two examples on: the examples are the draw, not their tokens, which hang
 * together. The one of {@code loss_per_token} is that of a ratio of two sums, linearised (Cochran
 * 1977, Sampling Techniques, section 6.3); the one of {@code perplexity} is its exponential.
 *
 * <p>Examples without a label (the prompt fills the token limit) are skipped and counted. A loss
 * that is not finite is no figure; the row is empty and says so.
 */
public record Loss(Config config) implements SplitTask {
  /** Examples that belong to no client. */
  private static final String SERVER = "server";

  /**
   * What an experiment file may say of the task.
   *
   * @param split which examples: {@code validation} or {@code test}, the clients'; or {@code
   *     server}, those that {@code holdout.server} keeps from all clients
   * @param batchSize examples computed at once, at least 1; sums may depend on it in the last bit
   * @param label what rows call the task
   */
  public record Config(
      @Default("validation") String split,
      @Default("8") int batchSize,
      @Default("loss") String label)
      implements Serializable {
    public Config {
      new Faults()
          .check(
              List.of("validation", "test", SERVER).contains(split),
              "split",
              split,
              "choose validation, test or server")
          .check(batchSize >= 1, "batch-size", batchSize, "give 1 or more, e.g. 8")
          .check(!label.isBlank(), "label", label, "give a name, or leave it out")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: loss}. */
  public static final class Provider implements Task.Provider<Config> {
    @Override
    public String name() {
      return "loss";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Task create(Config config) {
      return new Loss(config);
    }
  }

  @Override
  public String label() {
    return config.label();
  }

  @Override
  public String split() {
    return config.split();
  }

  @Override
  public Better better() {
    return Better.LOWER;
  }

  /**
   * {@inheritDoc}
   *
   * <p>Batches are consecutive examples of the file, {@code batch-size} each. One that fails is
   * tried again in halves, whose sums may differ in the last bit.
   */
  @Override
  public SplitMeasurement measure(
      CausalLm model, TrainedWeights weights, List<EncodedExample> examples) {
    long start = System.nanoTime();
    List<EncodedExample> labelled = examples.stream().filter(e -> e.labels() >= 1).toList();
    List<Sums> each = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (int from = 0; from < labelled.size(); from += config.batchSize()) {
      int to = Math.min(from + config.batchSize(), labelled.size());
      Halving.run(
          labelled.subList(from, to),
          batch -> each.addAll(losses(model, weights, batch)),
          (example, reason) -> failures.add(example.id() + ": " + reason));
    }
    return new SplitMeasurement(
        Sums.total(each).toList(),
        each.size(),
        examples.size() - labelled.size(),
        failures,
        (System.nanoTime() - start) * 1e-9);
  }

  private static List<Sums> losses(
      CausalLm model, TrainedWeights weights, List<EncodedExample> examples) {
    PackedBatch batch = PackedBatch.of(examples, PackedBatch.Beginning.SHARED);
    float[] logProbabilities = model.logProbabilities(weights, batch);
    List<Sums> losses = new ArrayList<>();
    int label = 0;
    for (int labels : batch.labelsPerExample()) {
      double loss = 0;
      for (int end = label + labels; label < end; label++) {
        loss -= logProbabilities[label];
      }
      losses.add(Sums.of(loss, labels));
    }
    return losses;
  }

  @Override
  public List<EvaluationRow> rows(Measured run, List<ClientMeasurement> clients) {
    List<SplitMeasurement> all = clients.stream().map(ClientMeasurement::measurement).toList();
    List<EvaluationRow> rows = new ArrayList<>(rows(run, Optional.empty(), all));
    List<ClientMeasurement> each = split().equals(SERVER) ? List.of() : clients;
    for (ClientMeasurement client : each) {
      rows.addAll(rows(run, Optional.of(client.client()), List.of(client.measurement())));
    }
    return rows;
  }

  private List<EvaluationRow> rows(
      Measured run, Optional<Integer> client, List<SplitMeasurement> measurements) {
    Sums sums = Sums.total(measurements.stream().map(m -> Sums.of(m.sums())).toList());
    long examples = measurements.stream().mapToLong(SplitMeasurement::instances).sum();
    List<String> failures = measurements.stream().flatMap(m -> m.failures().stream()).toList();
    long skipped = measurements.stream().mapToLong(SplitMeasurement::skipped).sum();
    double seconds = measurements.stream().mapToDouble(SplitMeasurement::seconds).sum();

    List<String> notices = new ArrayList<>();
    boolean enough = run.enough(failures.size(), examples + failures.size());
    if (!failures.isEmpty()) {
      notices.add(
          (enough ? "" : "no figure, since more than " + run.maxNotRun() + " could not be run: ")
              + failures.size()
              + " examples were not run, e.g. "
              + failures.get(0));
    }
    boolean finite = Double.isFinite(sums.loss());
    if (!finite) {
      notices.add("the loss is not finite: training has diverged, or numbers overflow");
    }
    Optional<String> notice =
        notices.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", notices));
    boolean given = enough && finite && examples > 0;

    double perToken = sums.loss() / sums.labels();
    double perExample = sums.mean() / examples;
    Optional<Interval> tokenInterval =
        interval(given, perToken, sums.squaresAroundTokenLoss(), sums.labels(), examples);
    Optional<Interval> exampleInterval =
        interval(
            given,
            perExample,
            sums.squaresAroundExampleLoss(examples),
            (double) examples,
            examples);
    List<EvaluationRow> rows = new ArrayList<>();
    record Figure(String metric, double value, Optional<Interval> interval) {}
    for (Figure figure :
        List.of(
            new Figure("loss_per_token", perToken, tokenInterval),
            new Figure("loss_per_example", perExample, exampleInterval),
            new Figure(
                "perplexity",
                Math.exp(perToken),
                tokenInterval.map(i -> new Interval(Math.exp(i.low()), Math.exp(i.high())))))) {
      rows.add(
          new EvaluationRow(
              run.round(),
              run.adapter(),
              label(),
              split(),
              client,
              figure.metric(),
              Optional.of(figure.value()).filter(v -> given && Double.isFinite(v)),
              figure.interval().map(Interval::low).filter(Double::isFinite),
              figure.interval().map(Interval::high).filter(Double::isFinite),
              examples,
              failures.size(),
              skipped,
              Optional.empty(),
              notice,
              seconds));
    }
    return rows;
  }

  /**
   * Around a figure that is a sum over examples divided by something.
   *
   * @param squares sum over examples of squared deviations from the figure
   */
  private static Optional<Interval> interval(
      boolean given, double figure, double squares, double dividedBy, long examples) {
    if (!given || examples < 2) {
      return Optional.empty();
    }
    double standardError = Math.sqrt(squares * examples / (examples - 1.0)) / dividedBy;
    return Optional.of(Interval.student(figure, standardError, examples));
  }

  /**
   * Sums over examples; L an example's loss, T its number of labels.
   *
   * @param loss of L
   * @param labels of T
   * @param mean of L / T
   * @param meanSquared of (L / T)²
   * @param lossSquared of L²
   * @param lossLabels of L·T
   * @param labelsSquared of T²
   */
  private record Sums(
      double loss,
      double labels,
      double mean,
      double meanSquared,
      double lossSquared,
      double lossLabels,
      double labelsSquared) {
    static Sums of(double loss, int labels) {
      double mean = loss / labels;
      return new Sums(
          loss, labels, mean, mean * mean, loss * loss, loss * labels, (double) labels * labels);
    }

    static Sums of(List<Double> sums) {
      return new Sums(
          sums.get(0),
          sums.get(1),
          sums.get(2),
          sums.get(3),
          sums.get(4),
          sums.get(5),
          sums.get(6));
    }

    List<Double> toList() {
      return List.of(loss, labels, mean, meanSquared, lossSquared, lossLabels, labelsSquared);
    }

    /** In the order given: sums of the same parts have the same bits. */
    static Sums total(List<Sums> parts) {
      Sums total = new Sums(0, 0, 0, 0, 0, 0, 0);
      for (Sums part : parts) {
        total =
            new Sums(
                total.loss + part.loss,
                total.labels + part.labels,
                total.mean + part.mean,
                total.meanSquared + part.meanSquared,
                total.lossSquared + part.lossSquared,
                total.lossLabels + part.lossLabels,
                total.labelsSquared + part.labelsSquared);
      }
      return total;
    }

    /** Sum over examples of (L - r·T)², r the loss per token. */
    double squaresAroundTokenLoss() {
      double r = loss / labels;
      return Math.max(0, lossSquared - 2 * r * lossLabels + r * r * labelsSquared);
    }

    /** Sum over examples of (L/T - m)², m the loss per example. */
    double squaresAroundExampleLoss(long examples) {
      return Math.max(0, meanSquared - mean * mean / examples);
    }
  }
}
