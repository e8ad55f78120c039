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
 * Labels are spread over the clients unevenly, as a Dirichlet distribution says: the smaller alpha,
 * the fewer clients hold most of a label.
 *
 * <p>As usual each label is divided among the clients by shares drawn for it (Yurochkin et al.
 * 2019, <a href="https://arxiv.org/abs/1905.12022">arXiv 1905.12022</a>, section 4; FS-LLM's {@code
 * lda}), so that clients differ in size too. A draw that leaves a client with less than {@code
 * min-size} is drawn again, all of it, so that what remains is the distribution under that
 * condition.
 *
 * <p>With {@code balanced: true} clients have the same size, to within one example, and each draws
 * its mixture of labels around the corpus's own (Hsu et al. 2019, <a
 * href="https://arxiv.org/abs/1909.06335">arXiv 1909.06335</a>, section 3): clients take their turn
 * example by example by their mixture, from what is left; a label that has run out falls out of the
 * mixture. The last clients are therefore less skewed than the first. (Hsu et al. call the sum of
 * the concentrations alpha; here it is their mean, so that alpha means the same either way.)
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
   * @param balanced whether clients have the same size
   */
  public record Config(
      @Default("category") String by,
      @Default("0.5") double alpha,
      int clients,
      @Default("1") int minSize,
      @Default("1000") int retries,
      @Default("false") boolean balanced)
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
          "data.splitter.min-size = "
              + config.minSize()
              + " is not valid; "
              + config.clients()
              + " clients of that size need more than the corpus's "
              + labels.total()
              + " examples: lower min-size or clients");
    }
    if (config.balanced()) {
      return shares(balanced(labels, seed.random()));
    }
    int bestSmallest = 0;
    for (int draw = 0; draw < config.retries(); draw++) {
      int[][] dealt = draw(labels.counts(), seed.child(draw).random()); // (clients, labels)
      int smallest = IntStream.range(0, dealt.length).map(c -> sum(dealt[c])).min().orElse(0);
      if (smallest >= config.minSize()) {
        return shares(dealt);
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

  private static List<ClientShare> shares(int[][] dealt) {
    List<ClientShare> shares = new ArrayList<>();
    for (int client = 0; client < dealt.length; client++) {
      shares.add(new ClientShare("client " + client, dealt[client]));
    }
    return shares;
  }

  /** Clients of one size, (clients, labels). */
  private int[][] balanced(LabelCounts labels, SplittableRandom random) {
    int[] left = labels.counts().clone();
    int[][] dealt = new int[config.clients()][left.length];
    for (int client = 0; client < dealt.length; client++) {
      double[] alphas = new double[left.length];
      for (int label = 0; label < left.length; label++) {
        alphas[label] = config.alpha() * left.length * labels.counts()[label] / labels.total();
      }
      double[] mixture = DirichletDraw.shares(alphas, random);
      int size = Shares.part(labels.total(), dealt.length, client);
      for (int taken = 0; taken < size; taken++) {
        int label = drawn(mixture, left, random);
        left[label]--;
        dealt[client][label]++;
      }
    }
    return dealt;
  }

  /** A label by its share in the mixture, among those of which something is left. */
  private static int drawn(double[] mixture, int[] left, SplittableRandom random) {
    double sum = 0;
    for (int label = 0; label < left.length; label++) {
      sum += left[label] > 0 ? mixture[label] : 0;
    }
    double at = random.nextDouble() * sum;
    int last = -1;
    for (int label = 0; label < left.length; label++) {
      if (left[label] > 0) {
        last = label;
        at -= mixture[label];
        if (at < 0) {
          return label;
        }
      }
    }
    return last; // of a mixture whose other labels have run out, or by rounding
  }

  private int[][] draw(int[] counts, SplittableRandom random) {
    int[][] dealt = new int[config.clients()][counts.length];
    for (int label = 0; label < counts.length; label++) {
      double[] shares = DirichletDraw.shares(config.clients(), config.alpha(), random);
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
