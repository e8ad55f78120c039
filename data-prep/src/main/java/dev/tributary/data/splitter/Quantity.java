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

/**
 * Clients differ in how much they hold, not in what: sizes are drawn, and every client's examples
 * are a sample of all.
 *
 * <p>{@code sizes: dirichlet} draws the clients' shares from a symmetric Dirichlet distribution
 * ({@code alpha}: the smaller, the more uneven), again until each has {@code min-size}. {@code
 * sizes: zipf} gives the client of rank r a share proportional to r<sup>-{@code exponent}</sup>;
 * which client has which rank is drawn.
 */
public final class Quantity implements Splitter {
  /** Distribution of the sizes. */
  public enum Sizes {
    DIRICHLET,
    ZIPF
  }

  /**
   * What the file may say.
   *
   * @param clients how many, at least 1
   * @param sizes the distribution
   * @param alpha of the Dirichlet distribution, above 0
   * @param exponent of Zipf's law, 0 (all alike) or more
   * @param minSize fewest examples of a client, at least 1
   * @param retries draws before giving up, at least 1
   */
  public record Config(
      int clients,
      @Default("dirichlet") Sizes sizes,
      @Default("0.5") double alpha,
      @Default("1.0") double exponent,
      @Default("1") int minSize,
      @Default("1000") int retries)
      implements Serializable {
    public Config {
      new Faults()
          .check(clients >= 1, "clients", clients, "give 1 or more, e.g. 8")
          .check(
              alpha > 0 && alpha <= 1e9, // NaN is refused too
              "alpha",
              alpha,
              "give a number above 0, e.g. 0.5")
          .check(
              exponent >= 0 && exponent <= 100,
              "exponent",
              exponent,
              "give a number from 0 (all alike) up, e.g. 1.0")
          .check(minSize >= 1, "min-size", minSize, "give 1 or more")
          .check(retries >= 1, "retries", retries, "give 1 or more, e.g. 1000")
          .throwIfAny();
    }
  }

  private final Config config;

  public Quantity(Config config) {
    this.config = config;
  }

  @Override
  public Optional<String> by() {
    return Optional.empty();
  }

  @Override
  public List<ClientShare> deal(LabelCounts labels, Seed seed) {
    labels.checkEnoughFor(config.clients());
    int draws = config.sizes() == Sizes.ZIPF ? 1 : config.retries();
    int bestSmallest = 0;
    for (int draw = 0; draw < draws; draw++) {
      int[] sizes = sizes(shares(seed.child(draw).random()), labels.total());
      int smallest = labels.total();
      for (int size : sizes) {
        smallest = Math.min(smallest, size);
      }
      if (smallest >= config.minSize()) {
        List<ClientShare> clients = new ArrayList<>();
        for (int client = 0; client < sizes.length; client++) {
          clients.add(new ClientShare("client " + client, new int[] {sizes[client]}));
        }
        return clients;
      }
      bestSmallest = Math.max(bestSmallest, smallest);
    }
    throw new InputException(
        "splitter quantity: the smallest of "
            + config.clients()
            + " clients would hold "
            + bestSmallest
            + " of "
            + labels.total()
            + " examples"
            + (draws > 1 ? " in the best of " + draws + " draws" : "")
            + ", min-size is "
            + config.minSize()
            + ": give fewer clients, a lower min-size, or "
            + (config.sizes() == Sizes.ZIPF ? "a lower exponent" : "a higher alpha"));
  }

  private double[] shares(SplittableRandom random) {
    if (config.sizes() == Sizes.DIRICHLET) {
      return DirichletDraw.shares(config.clients(), config.alpha(), random);
    }
    double[] shares = new double[config.clients()];
    double sum = 0;
    for (int i = 0; i < shares.length; i++) { // inside out (Fisher and Yates)
      int j = random.nextInt(i + 1);
      shares[i] = shares[j];
      shares[j] = StrictMath.pow(i + 1.0, -config.exponent());
      sum += StrictMath.pow(i + 1.0, -config.exponent());
    }
    for (int i = 0; i < shares.length; i++) {
      shares[i] /= sum;
    }
    return shares;
  }

  /** Shares of a total in whole examples; rounding errors do not add up. */
  private static int[] sizes(double[] shares, int total) {
    int[] sizes = new int[shares.length];
    double before = 0;
    int from = 0;
    for (int client = 0; client < shares.length; client++) {
      before += shares[client];
      boolean last = client == shares.length - 1;
      int to = last ? total : (int) Math.min(total, Math.round(before * total));
      sizes[client] = to - from;
      from = to;
    }
    return sizes;
  }

  /** {@code splitter: {name: quantity}}. */
  public static final class Provider implements Splitter.Provider<Config> {
    @Override
    public String name() {
      return "quantity";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Splitter create(Config config) {
      return new Quantity(config);
    }
  }
}
