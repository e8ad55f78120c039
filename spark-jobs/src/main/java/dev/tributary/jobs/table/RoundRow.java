// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import java.time.Instant;

/** A committed round: a row of {@link Tables#ROUNDS}, which explains its columns. */
public record RoundRow(
    int round,
    int clients,
    int absent,
    double firstLoss,
    double meanLoss,
    long examplesSeen,
    long steps,
    long tokens,
    long labels,
    long downloadBytes,
    long uploadBytes,
    double trainSeconds,
    double idleShare,
    double aggregateSeconds,
    String adapterSha256,
    Instant committedAt) {}
