// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.splitter;

import dev.tributary.data.Splitter;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * By a column's values: one client for each, in alphabetical order.
 *
 * <p>For fewer clients, values are packed so that sizes are as even as the greedy rule makes them
 * (largest value first, each to the smallest client so far); clients then go by their first value.
 * For more, the largest parts are divided, always the one whose parts are largest by now.
 */
public final class Meta implements Splitter {
  /**
   * What the file may say.
   *
   * @param by the column
   * @param clients how many; 0 for as many as there are values
   */
  public record Config(@Default("category") String by, @Default("0") int clients)
      implements Serializable {
    public Config {
      new Faults()
          .check(!by.isBlank(), "by", by, "name a column, e.g. category")
          .check(clients >= 0, "clients", clients, "give 1 or more, or leave it out")
          .throwIfAny();
    }
  }

  private final Config config;

  public Meta(Config config) {
    this.config = config;
  }

  @Override
  public Optional<String> by() {
    return Optional.of(config.by());
  }

  @Override
  public List<ClientShare> deal(LabelCounts labels, Seed seed) {
    labels.checkThereAreLabels("meta");
    int values = labels.names().size();
    int clients = config.clients() == 0 ? values : config.clients();
    labels.checkEnoughFor(clients);
    return clients < values ? packed(labels, clients) : divided(labels, clients);
  }

  private static List<ClientShare> packed(LabelCounts labels, int clients) {
    int[] counts = labels.counts();
    List<TreeSet<Integer>> held = new ArrayList<>();
    int[] sizes = new int[clients];
    for (int client = 0; client < clients; client++) {
      held.add(new TreeSet<>());
    }
    IntStream.range(0, counts.length)
        .boxed()
        .sorted(Comparator.comparing((Integer label) -> -counts[label])) // stable: then by name
        .forEach(
            label -> {
              int smallest = 0;
              for (int client = 1; client < clients; client++) {
                if (sizes[client] < sizes[smallest]) {
                  smallest = client;
                }
              }
              held.get(smallest).add(label);
              sizes[smallest] += counts[label];
            });
    held.sort(Comparator.comparing(TreeSet::first));
    return held.stream()
        .map(
            mine -> {
              int[] examples = new int[counts.length];
              mine.forEach(label -> examples[label] = counts[label]);
              return new ClientShare(
                  mine.stream()
                      .map(label -> shown(labels.names().get(label)))
                      .collect(Collectors.joining(" + ")),
                  examples);
            })
        .toList();
  }

  private static List<ClientShare> divided(LabelCounts labels, int clients) {
    int[] counts = labels.counts();
    int[] parts = new int[counts.length];
    Arrays.fill(parts, 1);
    for (int more = clients - counts.length; more > 0; more--) {
      int largest = 0;
      for (int label = 1; label < counts.length; label++) {
        if ((long) counts[label] * parts[largest] > (long) counts[largest] * parts[label]) {
          largest = label;
        }
      }
      parts[largest]++;
    }
    List<ClientShare> shares = new ArrayList<>();
    for (int label = 0; label < counts.length; label++) {
      for (int part = 0; part < parts[label]; part++) {
        int[] examples = new int[counts.length];
        examples[label] = Shares.part(counts[label], parts[label], part);
        String name = shown(labels.names().get(label));
        shares.add(
            new ClientShare(
                parts[label] == 1 ? name : name + " (" + (part + 1) + " of " + parts[label] + ")",
                examples));
      }
    }
    return shares;
  }

  private static String shown(String label) {
    return label.isEmpty() ? "(none)" : label;
  }

  /** {@code splitter: {name: meta}}. */
  public static final class Provider implements Splitter.Provider<Config> {
    @Override
    public String name() {
      return "meta";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Splitter create(Config config) {
      return new Meta(config);
    }
  }
}
