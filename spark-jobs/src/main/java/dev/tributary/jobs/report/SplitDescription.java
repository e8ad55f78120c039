// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import dev.tributary.data.Manifest;
import dev.tributary.data.SplitDirectory;
import dev.tributary.data.TokenisedSplit;
import dev.tributary.data.TokenisedSplit.Counts;
import dev.tributary.fl.text.ExampleEncoder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What people want to know of a split: who holds how much of what, how unlike clients are, how long
 * examples are.
 *
 * @param experiment whose split it is; several may share one
 * @param directory as users would write it
 * @param sha256 of its content
 * @param tokens empty where they were not counted
 * @param withoutTokens why they were not counted, and the way out; else empty text
 */
public record SplitDescription(
    String experiment,
    String directory,
    String sha256,
    Manifest manifest,
    Optional<Tokens> tokens,
    String withoutTokens) {
  /** Values of max-tokens that people choose among. */
  static final List<Integer> USUAL_MAX_TOKENS = List.of(128, 256, 512, 1024, 2048);

  static final List<Integer> QUANTILE_PERCENTS = List.of(50, 90, 95, 99, 100);

  /**
   * A split's tokens, which depend on tokenizer, template and max-tokens.
   *
   * @param tokenizer where it is from
   * @param template as the experiment file names it
   * @param counts by the number of who holds them, by split
   * @param lengths before any cut, by split
   */
  public record Tokens(
      String tokenizer,
      String tokenizerSha256,
      String template,
      int maxTokens,
      Map<Integer, Map<String, Counts>> counts,
      Map<String, SortedMap<Integer, Long>> lengths) {

    /**
     * @param lengths as {@link TokenisedSplit#lengths} gives them
     */
    public static Tokens of(
        Manifest manifest,
        TokenisedSplit split,
        Map<String, SortedMap<Integer, Long>> lengths,
        ExampleEncoder.Source encoder,
        String template) {
      Map<Integer, Map<String, Counts>> counts = new LinkedHashMap<>();
      for (Manifest.Client client : manifest.holders()) {
        Map<String, Counts> byPart = new LinkedHashMap<>();
        for (String part : manifest.examples().keySet()) {
          byPart.put(part, split.counts(part, client.client()));
        }
        counts.put(client.client(), byPart);
      }
      return new Tokens(
          encoder.tokenizer().origin(),
          encoder.tokenizer().sha256(),
          template,
          encoder.maxTokens(),
          counts,
          lengths);
    }

    Counts counts(int client, String part) {
      return counts.getOrDefault(client, Map.of()).getOrDefault(part, Counts.NONE);
    }

    /** Of a client's examples of all splits. */
    Counts counts(int client) {
      return sum(counts.getOrDefault(client, Map.of()));
    }

    /** Of all examples. */
    public Counts all() {
      return counts.values().stream().map(Tokens::sum).reduce(Counts.NONE, Counts::plus);
    }

    private static Counts sum(Map<String, Counts> byPart) {
      return byPart.values().stream().reduce(Counts.NONE, Counts::plus);
    }

    /** Of all examples, before any cut. */
    Distribution allLengths() {
      return lengths.values().stream()
          .map(Distribution::of)
          .reduce(Distribution.of(Map.of()), Distribution::plus);
    }

    /** Lengths that so many percent of the examples do not exceed. */
    public Map<Integer, Long> quantiles() {
      Distribution all = allLengths();
      Map<Integer, Long> quantiles = new LinkedHashMap<>();
      QUANTILE_PERCENTS.forEach(percent -> quantiles.put(percent, all.quantile(percent)));
      return quantiles;
    }

    /** How many examples each max-tokens would cut; the usual ones and the present one. */
    public Map<Integer, Long> cutAt() {
      Distribution all = allLengths();
      TreeSet<Integer> candidates = new TreeSet<>(USUAL_MAX_TOKENS);
      candidates.add(maxTokens);
      Map<Integer, Long> cut = new LinkedHashMap<>();
      candidates.forEach(tokens -> cut.put(tokens, all.above(tokens)));
      return cut;
    }
  }

  /**
   * A category's part in the whole.
   *
   * @param name empty for examples without one
   * @param clients how many hold any of it
   */
  record Category(String name, long examples, int clients) {
    String label() {
      return name.isEmpty() ? "(none)" : name;
    }
  }

  /** The largest first. */
  List<Category> categories() {
    Map<String, Integer> holders = new LinkedHashMap<>();
    for (Manifest.Client client : manifest.clients()) {
      client.categories().keySet().forEach(name -> holders.merge(name, 1, Integer::sum));
    }
    List<Category> categories = new ArrayList<>();
    manifest
        .categories()
        .forEach(
            (name, byPart) ->
                categories.add(new Category(name, sum(byPart), holders.getOrDefault(name, 0))));
    categories.sort(
        Comparator.comparingLong(Category::examples).reversed().thenComparing(Category::name));
    return categories;
  }

  /** The largest first. */
  List<Manifest.Client> clientsBySize() {
    return manifest.clients().stream()
        .sorted(
            Comparator.comparingLong(Manifest.Client::total)
                .reversed()
                .thenComparingInt(Manifest.Client::client))
        .toList();
  }

  /** Some clients, and behind them the server if it holds examples. */
  List<Manifest.Client> withServer(List<Manifest.Client> clients) {
    List<Manifest.Client> holders = new ArrayList<>(clients);
    holders.addAll(
        manifest.holders().subList(manifest.clients().size(), manifest.holders().size()));
    return holders;
  }

  /** How many examples a client has of a category, over all splits. */
  static long held(Manifest.Client client, String category) {
    return sum(client.categories().getOrDefault(category, Map.of()));
  }

  Distribution clientSizes() {
    Map<Long, Long> sizes = new LinkedHashMap<>();
    manifest.clients().forEach(client -> sizes.merge(client.total(), 1L, Long::sum));
    return Distribution.of(sizes);
  }

  /** The client's number, and its name where that says more. */
  static String label(Manifest.Client client) {
    if (client.client() == SplitDirectory.SERVER) {
      return client.name();
    }
    return client.name().equals("client " + client.client())
        ? Integer.toString(client.client())
        : client.client() + " " + client.name();
  }

  /** {@code dirichlet (alpha 0.5, clients 10 ...)}. */
  String splitter() {
    return chosen(manifest.splitter());
  }

  /** Name and arguments of the corpus. */
  String corpus() {
    return chosen(manifest.corpus().settings());
  }

  private static String chosen(Map<String, Object> settings) {
    Map<String, Object> rest = new LinkedHashMap<>(settings);
    rest.remove("name");
    return name(settings) + (rest.isEmpty() ? "" : " (" + arguments(rest) + ")");
  }

  static String arguments(Map<String, Object> settings) {
    return settings.entrySet().stream()
        .map(e -> e.getKey() + " " + e.getValue())
        .collect(Collectors.joining(", "));
  }

  static String name(Map<String, Object> settings) {
    return String.valueOf(settings.get("name"));
  }

  long skippedRecords() {
    return sum(manifest.skipped());
  }

  private static long sum(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }
}
