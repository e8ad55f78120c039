// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.splitter;

import dev.tributary.data.Splitter;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Each label is divided among the clients by shares drawn from a symmetric Dirichlet distribution
 * (Hsu et al. 2019, <a href="https://arxiv.org/abs/1909.06335">arXiv 1909.06335</a>; FS-LLM's
 * {@code lda}): the smaller alpha, the fewer clients hold most of a label.
 *
 * <p>A draw that leaves a client with less than {@code min-size} is drawn again, all of it, so that
 * what remains is the distribution under that condition.
 */
public final class Dirichlet implements Splitter {
  /**
   * What the file may say.
   *
   * @param by column of the labels
   * @param alpha concentration, above 0; 100 is nearly uniform, 0.05 nearly one client a label
   * @param clients how many, at least 1
   * @param minSize fewest examples of a client, at least 1
   * @param retries draws before giving up, at least 1
   */
  public record Config(
      @Default("category") String by,
      @Default("0.5") double alpha,
      int clients,
      @Default("1") int minSize,
      @Default("1000") int retries)
      implements Serializable {
    public Config {
      new Faults()
          .check(!by.isBlank(), "by", by, "name a column, e.g. category")
          .check(
              alpha > 0 && alpha <= 1e9, // NaN is refused too
              "alpha",
              alpha,
              "give a number above 0, e.g. 0.5")
          .check(clients >= 1, "clients", clients, "give 1 or more, e.g. 8")
          .check(minSize >= 1, "min-size", minSize, "give 1 or more")
          .check(retries >= 1, "retries", retries, "give 1 or more, e.g. 1000")
          .throwIfAny();
    }
  }

  private final Config config;

  public Dirichlet(Config config) {
    this.config = config;
  }

  @Override
  public Optional<String> by() {
    return Optional.of(config.by());
  }

  @Override
  public List<ClientShare> deal(LabelCounts labels, Seed seed) {
    labels.checkThereAreLabels("dirichlet");
    labels.checkEnoughFor(config.clients());
    if ((long) config.minSize() * config.clients() > labels.total()) {
      throw new InputException(
          "splitter.min-size = "
              + config.minSize()
              + " is not valid; "
              + config.clients()
              + " clients of that size need more than the corpus's "
              + labels.total()
              + " examples: lower min-size or clients");
    }
    int bestSmallest = 0;
    for (int draw = 0; draw < config.retries(); draw++) {
      int[][] dealt = draw(labels.counts(), seed.child(draw).random()); // (clients, labels)
      int smallest = IntStream.range(0, dealt.length).map(c -> sum(dealt[c])).min().orElse(0);
      if (smallest >= config.minSize()) {
        List<ClientShare> shares = new ArrayList<>();
        for (int client = 0; client < dealt.length; client++) {
          shares.add(new ClientShare("client " + client, dealt[client]));
        }
        return shares;
      }
      bestSmallest = Math.max(bestSmallest, smallest);
    }
    throw new InputException(
        "splitter dirichlet: none of "
            + config.retries()
            + " draws with alpha "
            + config.alpha()
            + " over "
            + labels.names().size()
            + " labels gave each of "
            + config.clients()
            + " clients min-size "
            + config.minSize()
            + "; in the best draw the smallest had "
            + bestSmallest
            + ": raise alpha or retries, or lower clients or min-size");
  }

  private int[][] draw(int[] counts, SplittableRandom random) {
    int[][] dealt = new int[config.clients()][counts.length];
    for (int label = 0; label < counts.length; label++) {
      double[] shares = shares(random);
      double before = 0;
      int from = 0;
      for (int client = 0; client < shares.length; client++) {
        before += shares[client];
        boolean last = client == shares.length - 1;
        int to = last ? counts[label] : (int) Math.min(counts[label], before * counts[label]);
        dealt[client][label] = to - from;
        from = to;
      }
    }
    return dealt;
  }

  /** Gamma variates divided by their sum, as logarithms: with a small alpha most underflow. */
  private double[] shares(SplittableRandom random) {
    double[] logs = new double[config.clients()];
    double largest = Double.NEGATIVE_INFINITY;
    for (int client = 0; client < logs.length; client++) {
      logs[client] = logGamma(config.alpha(), random);
      largest = Math.max(largest, logs[client]);
    }
    double sum = 0;
    for (int client = 0; client < logs.length; client++) {
      logs[client] = StrictMath.exp(logs[client] - largest);
      sum += logs[client];
    }
    for (int client = 0; client < logs.length; client++) {
      logs[client] /= sum;
    }
    return logs;
  }

  /**
   * The logarithm of a gamma variate with scale 1 (Marsaglia and Tsang 2000; below shape 1 through
   * shape + 1, section 6). {@link StrictMath}, as a split must be the same on any machine.
   */
  private static double logGamma(double shape, SplittableRandom random) {
    if (shape < 1) {
      double boost = StrictMath.log(1 - random.nextDouble()) / shape; // of a number in (0, 1]
      return logGamma(shape + 1, random) + boost;
    }
    double d = shape - 1.0 / 3;
    double c = 1 / (3 * StrictMath.sqrt(d));
    while (true) {
      double x = gaussian(random);
      double v = 1 + c * x;
      if (v > 0) {
        double logV = 3 * StrictMath.log(v);
        double logU = StrictMath.log(1 - random.nextDouble());
        if (logU < 0.5 * x * x + d - d * v * v * v + d * logV) {
          return StrictMath.log(d) + logV;
        }
      }
    }
  }

  /** Polar method; {@code nextGaussian} is not specified to the bit across releases of Java. */
  private static double gaussian(SplittableRandom random) {
    while (true) {
      double u = 2 * random.nextDouble() - 1;
      double v = 2 * random.nextDouble() - 1;
      double s = u * u + v * v;
      if (s > 0 && s < 1) {
        return u * StrictMath.sqrt(-2 * StrictMath.log(s) / s);
      }
    }
  }

  private static int sum(int[] numbers) {
    return IntStream.of(numbers).sum();
  }

  /** {@code splitter: {name: dirichlet}}. */
  public static final class Provider implements Splitter.Provider<Config> {
    @Override
    public String name() {
      return "dirichlet";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Splitter create(Config config) {
      return new Dirichlet(config);
    }
  }
}
