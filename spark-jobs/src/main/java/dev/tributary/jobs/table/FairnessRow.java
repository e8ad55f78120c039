// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

/** How alike clients fare: a row of {@link Tables#FAIRNESS}, which explains its columns. */
public record FairnessRow(
    int round,
    String adapters,
    String task,
    String split,
    String metric,
    int clients,
    double mean,
    double deviation,
    double worstDecile,
    double bestDecile) {}
