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
 * Each client holds examples of k labels only (after McMahan et al. 2017, <a
 * href="https://arxiv.org/abs/1602.05629">arXiv 1602.05629</a>, section 3; exactly k different
 * ones, as Li et al. 2021, <a href="https://arxiv.org/abs/2102.02079">arXiv 2102.02079</a>, section
 * 4.1, have it).
 *
 * <p>The labels, in an order drawn from the seed, are handed out in turn, k to each client, so that
 * each has as many holders as any other, to within one; a label's examples are divided evenly among
 * its holders.
 */
public final class Pathological implements Splitter {
  /**
   * What the file may say.
   *
   * @param by column of the labels
   * @param clients how many, at least 1
   * @param labelsPerClient k, at least 1
   */
  public record Config(
      @Default("category") String by, int clients, @Default("2") int labelsPerClient)
      implements Serializable {
    public Config {
      new Faults()
          .check(!by.isBlank(), "by", by, "name a column, e.g. category")
          .check(clients >= 1, "clients", clients, "give 1 or more, e.g. 8")
          .check(
              labelsPerClient >= 1, "labels-per-client", labelsPerClient, "give 1 or more, e.g. 2")
          .throwIfAny();
    }
  }

  private final Config config;

  public Pathological(Config config) {
    this.config = config;
  }

  @Override
  public Optional<String> by() {
    return Optional.of(config.by());
  }

  @Override
  public List<ClientShare> deal(LabelCounts labels, Seed seed) {
    labels.checkThereAreLabels("pathological");
    labels.checkEnoughFor(config.clients());
    int kinds = labels.names().size();
    int each = config.labelsPerClient();
    if (each > kinds) {
      throw new InputException(
          "data.splitter.labels-per-client = "
              + each
              + " is not valid; the corpus has "
              + kinds
              + " labels: give at most as many");
    }
    if ((long) each * config.clients() < kinds) {
      throw new InputException(
          "splitter pathological: "
              + config.clients()
              + " clients of "
              + each
              + " labels cannot hold all "
              + kinds
              + " labels of the corpus; raise clients or labels-per-client");
    }
    SplittableRandom random = seed.random();
    int[] labelOrder = shuffled(kinds, random);
    int[] clientOrder = shuffled(config.clients(), random);
    int[] holders = new int[kinds];
    for (int turn = 0; turn < each * config.clients(); turn++) {
      holders[labelOrder[turn % kinds]]++;
    }
    int[] handedOut = new int[kinds];
    int[][] dealt = new int[config.clients()][kinds];
    for (int turn = 0; turn < each * config.clients(); turn++) {
      int label = labelOrder[turn % kinds];
      dealt[clientOrder[turn / each]][label] =
          Shares.part(labels.counts()[label], holders[label], handedOut[label]++);
    }
    List<ClientShare> shares = new ArrayList<>();
    for (int client = 0; client < dealt.length; client++) {
      shares.add(new ClientShare("client " + client, dealt[client]));
    }
    return shares;
  }

  /** 0 to n - 1 in an order that the generator draws. */
  private static int[] shuffled(int n, SplittableRandom random) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) { // inside out (Fisher and Yates)
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** {@code splitter: {name: pathological}}. */
  public static final class Provider implements Splitter.Provider<Config> {
    @Override
    public String name() {
      return "pathological";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Splitter create(Config config) {
      return new Pathological(config);
    }
  }
}
