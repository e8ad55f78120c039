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
import java.util.stream.IntStream;

/**
 * The people behind the data are the clients: one client for each value of a column such as a
 * user's id, in alphabetical order.
 *
 * <p>Values with fewer than {@code min-size} examples share clients: along the alphabet they are
 * put together until they have that many. What is left at the end joins the last of these clients,
 * or, if there is none, the smallest other client. Examples without a value count as those of one
 * person.
 */
public final class Natural implements Splitter {
  /**
   * What the file may say.
   *
   * @param by the column
   * @param minSize fewest examples of a client, at least 1
   */
  public record Config(String by, @Default("1") int minSize) implements Serializable {
    public Config {
      new Faults()
          .check(!by.isBlank(), "by", by, "name a column, e.g. user_id")
          .check(minSize >= 1, "min-size", minSize, "give 1 or more")
          .throwIfAny();
    }
  }

  private final Config config;

  public Natural(Config config) {
    this.config = config;
  }

  @Override
  public Optional<String> by() {
    return Optional.of(config.by());
  }

  @Override
  public List<ClientShare> deal(LabelCounts labels, Seed seed) {
    labels.checkThereAreLabels("natural");
    if (config.minSize() > labels.total()) {
      throw new InputException(
          "data.splitter.min-size = "
              + config.minSize()
              + " is not valid; the corpus has only "
              + labels.total()
              + " examples: lower it");
    }
    List<List<Integer>> clients = new ArrayList<>();
    List<Integer> together = new ArrayList<>();
    int lastShared = -1;
    for (int label = 0; label < labels.names().size(); label++) {
      if (labels.counts()[label] >= config.minSize()) {
        clients.add(List.of(label));
        continue;
      }
      together.add(label);
      if (size(together, labels) >= config.minSize()) {
        lastShared = clients.size();
        clients.add(together);
        together = new ArrayList<>();
      }
    }
    if (!together.isEmpty()) {
      int host = lastShared >= 0 ? lastShared : smallest(clients, labels);
      List<Integer> joined = new ArrayList<>(clients.get(host));
      joined.addAll(together);
      clients.set(host, joined);
    }
    return clients.stream().map(held -> share(held, labels)).toList();
  }

  private static int size(List<Integer> held, LabelCounts labels) {
    return held.stream().mapToInt(label -> labels.counts()[label]).sum();
  }

  private static int smallest(List<List<Integer>> clients, LabelCounts labels) {
    return IntStream.range(0, clients.size())
        .boxed()
        .min((a, b) -> size(clients.get(a), labels) - size(clients.get(b), labels))
        .orElseThrow();
  }

  private static ClientShare share(List<Integer> held, LabelCounts labels) {
    int[] examples = new int[labels.counts().length];
    held.forEach(label -> examples[label] = labels.counts()[label]);
    String first = labels.names().get(held.get(0));
    String name = first.isEmpty() ? "(none)" : first;
    return new ClientShare(
        held.size() == 1 ? name : name + " and " + (held.size() - 1) + " more", examples);
  }

  /** {@code splitter: {name: natural}}. */
  public static final class Provider implements Splitter.Provider<Config> {
    @Override
    public String name() {
      return "natural";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Splitter create(Config config) {
      return new Natural(config);
    }
  }
}
