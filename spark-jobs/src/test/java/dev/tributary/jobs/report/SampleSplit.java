// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import dev.tributary.data.Manifest;
import dev.tributary.data.TokenisedSplit.Counts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * A split whose figures can be reckoned by hand: client 0 holds 3 of category a and 1 of b, client
 * 1, with a name that is no HTML, 2 of b.
 */
final class SampleSplit {
  static final String NAME = "<b>R&D</b>";

  private SampleSplit() {}

  static SplitDescription withTokens() {
    Map<String, Counts> first = new LinkedHashMap<>();
    first.put("train", new Counts(3, 1, 1, 8, 20, 9, 200, 212));
    first.put("test", new Counts(1, 0, 0, 6, 6, 3, 6, 6));
    Map<String, Counts> second = new LinkedHashMap<>();
    second.put("train", new Counts(2, 0, 0, 5, 9, 4, 5, 9));
    second.put("test", Counts.NONE);
    return description(
        manifest(),
        Optional.of(
            new SplitDescription.Tokens(
                "models/tiny",
                "7e".repeat(32),
                "alpaca",
                8,
                Map.of(0, first, 1, second),
                Map.of(
                    "train", new TreeMap<>(Map.of(4, 2L, 5, 1L, 8, 1L, 200, 1L)),
                    "test", new TreeMap<>(Map.of(6, 1L))))),
        "");
  }

  static SplitDescription withoutTokens() {
    return description(manifest(), Optional.empty(), "no tokenizer <here>");
  }

  private static SplitDescription description(
      Manifest manifest, Optional<SplitDescription.Tokens> tokens, String withoutTokens) {
    return new SplitDescription(
        "sample", "runs/sample/split", "8f".repeat(32), manifest, tokens, withoutTokens);
  }

  private static Manifest manifest() {
    Map<String, Map<String, Long>> first = new LinkedHashMap<>();
    first.put("a", parts(2, 1));
    first.put("b", parts(1, 0));
    return manifest(
        List.of(
            new Manifest.Client(0, "client 0", parts(3, 1), first, 0.25),
            new Manifest.Client(1, NAME, parts(2, 0), Map.of("b", parts(2, 0)), 0.5)),
        Map.of("a", parts(2, 1), "b", parts(3, 0)),
        parts(5, 1));
  }

  /** So many clients with one example each, of as many categories. */
  static SplitDescription large(int clients) {
    List<Manifest.Client> all = new ArrayList<>();
    Map<String, Map<String, Long>> categories = new LinkedHashMap<>();
    IntStream.range(0, clients)
        .forEach(
            client -> {
              String category = "category " + client;
              categories.put(category, parts(1, 0));
              all.add(
                  new Manifest.Client(
                      client,
                      "client " + client,
                      parts(1, 0),
                      Map.of(category, parts(1, 0)),
                      1 - 1.0 / clients));
            });
    return description(manifest(all, categories, parts(clients, 0)), Optional.empty(), "no need");
  }

  /** One client with one example. */
  static SplitDescription withoutCategories() {
    Map<String, Map<String, Long>> none = Map.of("", parts(1, 0));
    Manifest.Client client = new Manifest.Client(0, "client 0", parts(1, 0), none, 0);
    return description(manifest(List.of(client), none, parts(1, 0)), Optional.empty(), "no need");
  }

  private static Manifest manifest(
      List<Manifest.Client> clients,
      Map<String, Map<String, Long>> categories,
      Map<String, Long> examples) {
    Map<String, Object> splitter = new LinkedHashMap<>();
    splitter.put("name", "dirichlet");
    splitter.put("alpha", 0.5);
    Map<String, Double> holdout = new LinkedHashMap<>();
    holdout.put("train", 0.8);
    holdout.put("test", 0.2);
    return new Manifest(
        Manifest.FORMAT,
        Manifest.VERSION,
        new Manifest.Source(
            Map.of("name", "jsonl"),
            "data/<mine>.jsonl",
            "9a".repeat(32),
            List.of(new Manifest.Source.File("<mine>.jsonl", 100, 0))),
        17,
        splitter,
        holdout,
        "skip",
        Map.of("empty-answers", false),
        7,
        examples,
        Map.of("missing-field", 1L),
        Map.of("empty_answers", 2L),
        List.of("example_id"),
        categories,
        clients,
        new Manifest.Client(-1, "server", Map.of(), Map.of(), 0),
        new Manifest.Skew("category", "total variation", 0.375, 1 / 3.0, 0.5, 1 / 6.0),
        Map.of("test", 0L));
  }

  private static Map<String, Long> parts(long train, long test) {
    Map<String, Long> parts = new LinkedHashMap<>();
    parts.put("train", train);
    parts.put("test", test);
    return parts;
  }
}
