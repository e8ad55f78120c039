// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import java.util.Optional;

/** What a client holds: a row of {@link Tables#SPLIT_CLIENTS}, which explains its columns. */
public record SplitClientRow(
    int client,
    String clientName,
    String split,
    long examples,
    double labelDistance,
    Optional<Long> tokens,
    Optional<Long> labels,
    Optional<Long> cutExamples,
    Optional<Long> unusableExamples,
    Optional<Long> wholeTokens,
    Optional<Integer> longestTokens) {}
