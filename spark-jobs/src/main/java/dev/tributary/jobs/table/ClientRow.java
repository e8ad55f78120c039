// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

/** A client's part in a round: a row of {@link Tables#CLIENTS}, which explains its columns. */
public record ClientRow(
    int round,
    int client,
    double weight,
    double share,
    long examplesSeen,
    long dataSize,
    long skippedExamples,
    long cutExamples,
    int steps,
    int skippedSteps,
    int clippedSteps,
    long tokens,
    long labels,
    double firstLoss,
    double meanLoss,
    long downloadBytes,
    long uploadBytes,
    String executor,
    double wallSeconds,
    long peakMemoryBytes) {}
