// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import java.util.Optional;

/** A split: the one row of {@link Tables#SPLITS}, which explains its columns. */
public record SplitRow(
    long seed,
    String corpus,
    String corpusPath,
    String corpusSha256,
    String splitter,
    String splitterArguments,
    int clients,
    long records,
    long examples,
    long skippedRecords,
    String labelColumn,
    double labelDistanceMean,
    double labelDistanceMeanByExamples,
    double labelDistanceMax,
    double sizeGini,
    Optional<String> tokenizer,
    Optional<String> tokenizerSha256,
    Optional<String> template,
    Optional<Integer> maxTokens,
    Optional<Long> tokens,
    Optional<Long> wholeTokens) {}
