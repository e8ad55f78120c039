// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.data.Manifest;
import dev.tributary.data.TokenisedSplit.Counts;
import dev.tributary.jobs.table.RunTables;
import dev.tributary.jobs.table.SplitCategoryRow;
import dev.tributary.jobs.table.SplitClientRow;
import dev.tributary.jobs.table.SplitLengthRow;
import dev.tributary.jobs.table.SplitRow;
import dev.tributary.jobs.table.Table;
import dev.tributary.jobs.table.Tables;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A split's figures as tables. */
record SplitTables(SplitDescription split) {
  /** Of {@link Tables#SPLIT_LENGTHS}: the same for all splits, so that they can be added up. */
  static final int LENGTH_BIN_TOKENS = 16;

  void write(RunTables tables) {
    write(tables, Tables.SPLITS, List.of(whole()));
    write(tables, Tables.SPLIT_CLIENTS, clients());
    write(tables, Tables.SPLIT_CATEGORIES, categories());
    write(tables, Tables.SPLIT_LENGTHS, lengths());
  }

  private <R extends Record> void write(RunTables tables, Table<R> table, List<R> rows) {
    tables.write(table, split.sha256(), split.experiment(), rows);
  }

  private SplitRow whole() {
    Manifest manifest = split.manifest();
    Manifest.Skew skew = manifest.skew();
    Optional<SplitDescription.Tokens> tokens = split.tokens();
    Optional<Counts> all = tokens.map(SplitDescription.Tokens::all);
    return new SplitRow(
        manifest.seed(),
        SplitDescription.name(manifest.corpus().settings()),
        manifest.corpus().path(),
        manifest.corpus().contentSha256(),
        SplitDescription.name(manifest.splitter()),
        json(manifest.splitter()),
        manifest.clients().size(),
        manifest.records(),
        manifest.total(),
        split.skippedRecords(),
        skew.labelColumn(),
        skew.mean(),
        skew.meanByExamples(),
        skew.max(),
        skew.sizeGini(),
        tokens.map(SplitDescription.Tokens::tokenizer),
        tokens.map(SplitDescription.Tokens::tokenizerSha256),
        tokens.map(SplitDescription.Tokens::template),
        tokens.map(SplitDescription.Tokens::maxTokens),
        all.map(Counts::tokens),
        all.map(Counts::wholeTokens));
  }

  private List<SplitClientRow> clients() {
    List<SplitClientRow> rows = new ArrayList<>();
    for (Manifest.Client client : split.manifest().holders()) {
      client
          .examples()
          .forEach(
              (part, examples) -> {
                Optional<Counts> counts =
                    split.tokens().map(tokens -> tokens.counts(client.client(), part));
                rows.add(
                    new SplitClientRow(
                        client.client(),
                        client.name(),
                        part,
                        examples,
                        client.labelDistance(),
                        counts.map(Counts::tokens),
                        counts.map(Counts::labels),
                        counts.map(Counts::cut),
                        counts.map(Counts::withoutLabel),
                        counts.map(Counts::wholeTokens),
                        counts.map(Counts::longestWhole)));
              });
    }
    return rows;
  }

  private List<SplitCategoryRow> categories() {
    List<SplitCategoryRow> rows = new ArrayList<>();
    for (Manifest.Client client : split.manifest().holders()) {
      client
          .categories()
          .forEach(
              (category, byPart) ->
                  byPart.forEach(
                      (part, examples) -> {
                        if (examples > 0) {
                          rows.add(new SplitCategoryRow(client.client(), category, part, examples));
                        }
                      }));
    }
    return rows;
  }

  private List<SplitLengthRow> lengths() {
    List<SplitLengthRow> rows = new ArrayList<>();
    split
        .tokens()
        .ifPresent(
            tokens ->
                tokens
                    .lengths()
                    .forEach(
                        (part, counts) ->
                            Distribution.of(counts).bins(LENGTH_BIN_TOKENS).stream()
                                .filter(bin -> bin.count() > 0)
                                .map(bin -> row(part, bin))
                                .forEach(rows::add)));
    return rows;
  }

  private static SplitLengthRow row(String part, Distribution.Bin bin) {
    return new SplitLengthRow(
        part, Math.toIntExact(bin.from()), Math.toIntExact(bin.to()), bin.count());
  }

  private static String json(Map<String, Object> settings) {
    try {
      return new ObjectMapper().writeValueAsString(settings);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("settings are texts, numbers, lists and maps", e);
    }
  }
}
