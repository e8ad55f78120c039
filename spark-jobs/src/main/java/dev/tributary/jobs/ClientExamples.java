// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.data.SplitDirectory;
import dev.tributary.data.TokenisedSplit;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.text.EncodedExample;
import dev.tributary.fl.training.Scenario;
import dev.tributary.jobs.spark.ExampleSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Who trains on what: the split's clients, or in the scenario {@code global} one client that holds
 * all training examples.
 *
 * @param clients by number, those with training examples
 * @param source of their examples
 * @param trainingExamples how many each has
 */
record ClientExamples(
    List<Integer> clients, ExampleSource source, SortedMap<Integer, Long> trainingExamples) {
  static final String TRAIN = "train";

  private static final int CLIENTS_NAMED = 20;

  /** In the scenario global, the number of the one client. */
  private static final int EVERYBODY = 0;

  static ClientExamples of(SplitDirectory split, Tokens each, Scenario scenario) {
    SortedMap<Integer, Long> counts = counts(split, TRAIN);
    counts.values().removeIf(examples -> examples == 0);
    if (scenario != Scenario.GLOBAL) {
      return new ClientExamples(List.copyOf(counts.keySet()), each, counts);
    }
    long all = counts.values().stream().mapToLong(Long::longValue).sum();
    List<Integer> holders = List.copyOf(counts.keySet());
    return new ClientExamples(
        List.of(EVERYBODY), new Joint(each, holders), new TreeMap<>(Map.of(EVERYBODY, all)));
  }

  /**
   * Checks that everybody who trains can learn something, before anybody does: a client whose
   * prompts all fill max-tokens would end the run in the first round that draws it.
   *
   * @param maxTokens what examples were cut to
   * @throws ConfigException if somebody cannot; names the clients
   */
  static void checkLabels(TokenisedSplit split, Scenario scenario, int maxTokens) {
    List<Integer> without =
        IntStream.range(0, split.clients())
            .filter(client -> split.counts(TRAIN, client).examples() > 0)
            .filter(client -> hasNoLabel(split.counts(TRAIN, client)))
            .boxed()
            .toList();
    boolean together = scenario == Scenario.GLOBAL;
    if (without.isEmpty() || (together && !hasNoLabel(split.counts(TRAIN)))) {
      return;
    }
    throw new ConfigException(
        "data.max-tokens",
        maxTokens,
        "the prompt alone fills it in all training examples of "
            + named(without)
            + ", so nothing is left to learn there; give more, take a shorter data.template, or use"
            + " fewer clients or another splitter");
  }

  private static boolean hasNoLabel(TokenisedSplit.Counts counts) {
    return counts.withoutLabel() == counts.examples();
  }

  private static String named(List<Integer> clients) {
    String first =
        clients.stream()
            .limit(CLIENTS_NAMED)
            .map(client -> Integer.toString(client))
            .collect(Collectors.joining(", "));
    int more = clients.size() - CLIENTS_NAMED;
    return (clients.size() == 1 ? "client " : "clients ")
        + first
        + (more > 0 ? " and " + more + " more" : "");
  }

  /** How many examples of a part each client has. */
  static SortedMap<Integer, Long> counts(SplitDirectory split, String part) {
    SortedMap<Integer, Long> counts = new TreeMap<>();
    IntStream.range(0, split.clients()).forEach(c -> counts.put(c, split.examples(part, c)));
    return counts;
  }

  /** Held-out data of every client, whatever the scenario, and of the server. */
  static Map<String, SortedMap<Integer, Long>> heldOut(SplitDirectory split) {
    Map<String, SortedMap<Integer, Long>> all = new LinkedHashMap<>();
    for (String part : List.of("validation", "test")) {
      all.put(part, counts(split, part));
    }
    int server = SplitDirectory.SERVER;
    all.put("server", new TreeMap<>(Map.of(server, split.examples("server", server))));
    return all;
  }

  /**
   * A tokenised split as executors read it.
   *
   * @param contentSha256 of the split: another may come to lie at the same place
   */
  record Tokens(TokenisedSplit split, String contentSha256) implements ExampleSource {
    @Override
    public String key() {
      return split.path() + " " + contentSha256;
    }

    @Override
    public List<EncodedExample> read(String part, int client) {
      return split.read(part, client);
    }
  }

  /** All clients' examples as those of one, ordered by their identity. */
  private record Joint(Tokens each, List<Integer> holders) implements ExampleSource {
    @Override
    public String key() {
      return each.key() + " of all clients";
    }

    @Override
    public List<EncodedExample> read(String part, int client) {
      List<EncodedExample> all = new ArrayList<>();
      holders.forEach(holder -> all.addAll(each.read(part, holder)));
      all.sort(Comparator.comparing(EncodedExample::id));
      return all;
    }
  }
}
