// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Counts what was dealt out.
 *
 * @param label column of the labels
 */
record ManifestBuilder(Population population, Assignment assignment, String label) {
  Manifest build(
      DataConfig config,
      long seed,
      Manifest.Source source,
      List<String> columns,
      Map<String, Long> skipped,
      Map<String, Object> clean) {
    int clients = assignment.names().size();
    long[][] byCategory =
        counts(clients, population.categories(), population.categoryNames().size());
    long[][] byLabel = counts(clients, population.labels(), population.labelNames().size());
    double[] distances = distances(byLabel);
    List<Manifest.Client> entries = new ArrayList<>();
    long[] whole = new long[byCategory[0].length];
    for (int holder = 0; holder <= clients; holder++) {
      long[] mine = byCategory[holder];
      for (int i = 0; i < mine.length; i++) {
        whole[i] += mine[i];
      }
      boolean server = holder == clients;
      entries.add(
          new Manifest.Client(
              server ? Part.NO_CLIENT : holder,
              server ? Part.SERVER.label() : assignment.names().get(holder),
              byPart(mine),
              categories(mine),
              distances[holder]));
    }
    Manifest.Client server = entries.remove(clients);
    long skippedRecords = skipped.values().stream().mapToLong(Long::longValue).sum();
    Map<String, Long> notes = new LinkedHashMap<>();
    notes.put("empty_answers", (long) population.having(Blemish.EMPTY_ANSWER).cardinality());
    notes.put("duplicates", population.duplicates());
    Map<String, Double> holdout = new LinkedHashMap<>();
    holdout.put("train", config.holdout().train());
    holdout.put("validation", config.holdout().validation());
    holdout.put("test", config.holdout().test());
    holdout.put("server", config.holdout().server());
    return new Manifest(
        Manifest.FORMAT,
        Manifest.VERSION,
        source,
        seed,
        ConfigTree.of(config.splitter()),
        holdout,
        Preparation.label(config.brokenRecords()),
        clean,
        population.size() + skippedRecords,
        byPart(whole),
        skipped,
        notes,
        columns,
        categories(whole),
        entries,
        server,
        skew(entries, Arrays.copyOf(distances, clients)),
        overlap());
  }

  /** By client, and the server behind them; then by value and part. */
  private long[][] counts(int clients, int[] values, int names) {
    long[][] counts = new long[clients + 1][names * Part.COUNT];
    for (int i = 0; i < values.length; i++) {
      int client = assignment.clients()[i];
      counts[client == Part.NO_CLIENT ? clients : client][
          values[i] * Part.COUNT + assignment.parts()[i]]++;
    }
    return counts;
  }

  private static Map<String, Long> byPart(long[] counts) {
    Map<String, Long> byPart = new LinkedHashMap<>();
    for (Part part : Part.values()) {
      long sum = 0;
      for (int i = part.code(); i < counts.length; i += Part.COUNT) {
        sum += counts[i];
      }
      if (sum > 0 || part != Part.SERVER) { // named only where it has any
        byPart.put(part.label(), sum);
      }
    }
    return byPart;
  }

  private Map<String, Map<String, Long>> categories(long[] counts) {
    Map<String, Map<String, Long>> categories = new LinkedHashMap<>();
    for (int i = 0; i < population.categoryNames().size(); i++) {
      long[] mine = Arrays.copyOfRange(counts, i * Part.COUNT, (i + 1) * Part.COUNT);
      if (LongStream.of(mine).sum() > 0) {
        categories.put(population.categoryNames().get(i), byPart(mine));
      }
    }
    return categories;
  }

  /**
   * Total variation between each holder's shares of the labels and those of all clients.
   *
   * @param byLabel by client, and the server behind them
   */
  private static double[] distances(long[][] byLabel) {
    int labels = byLabel[0].length / Part.COUNT;
    long[][] perLabel = new long[byLabel.length][labels];
    long[] whole = new long[labels];
    for (int holder = 0; holder < byLabel.length; holder++) {
      for (int i = 0; i < byLabel[holder].length; i++) {
        perLabel[holder][i / Part.COUNT] += byLabel[holder][i];
        whole[i / Part.COUNT] += holder < byLabel.length - 1 ? byLabel[holder][i] : 0;
      }
    }
    double all = LongStream.of(whole).sum();
    return Arrays.stream(perLabel)
        .mapToDouble(
            mine -> {
              double total = LongStream.of(mine).sum();
              return total == 0
                  ? 0
                  : IntStream.range(0, labels)
                          .mapToDouble(label -> Math.abs(mine[label] / total - whole[label] / all))
                          .sum()
                      / 2;
            })
        .toArray();
  }

  private Manifest.Skew skew(List<Manifest.Client> clients, double[] distances) {
    double weighted = 0;
    for (Manifest.Client client : clients) {
      weighted += client.labelDistance() * client.total();
    }
    double held = clients.stream().mapToLong(Manifest.Client::total).sum();
    return new Manifest.Skew(
        label,
        "total variation distance between a client's label shares and the whole's, 0 to 1",
        Arrays.stream(distances).average().orElse(0),
        weighted / held,
        Arrays.stream(distances).max().orElse(0),
        gini(clients.stream().mapToLong(Manifest.Client::total).sorted().toArray()));
  }

  /** Gini coefficient of sizes in ascending order. */
  static double gini(long[] ascending) {
    double sum = LongStream.of(ascending).sum();
    double weighted = 0;
    for (int i = 0; i < ascending.length; i++) {
      weighted += (2.0 * (i + 1) - ascending.length - 1) * ascending[i];
    }
    return sum == 0 ? 0 : weighted / (ascending.length * sum);
  }

  /** Held-out examples that are trained on as well, word for word. */
  private Map<String, Long> overlap() {
    long[] overlap = new long[Part.COUNT];
    int[] order = population.canonical();
    int from = 0;
    while (from < order.length) {
      int to = from + 1;
      while (to < order.length && population.areAlike(order[from], order[to])) {
        to++;
      }
      long[] parts = new long[Part.COUNT];
      for (int i = from; i < to; i++) {
        parts[assignment.parts()[order[i]]]++;
      }
      for (int part = 0; part < Part.COUNT && parts[Part.TRAIN.code()] > 0; part++) {
        overlap[part] += parts[part];
      }
      from = to;
    }
    overlap[Part.TRAIN.code()] = 0;
    Map<String, Long> byPart = byPart(overlap);
    byPart.remove(Part.TRAIN.label());
    return byPart;
  }
}
