// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

/** How a layer's updates became one: a row of {@link Tables#LAYERS}, which explains its columns. */
public record LayerRow(
    int round,
    String layer,
    int rank,
    int heldRank,
    double updateNorm,
    double bias,
    double factorBias,
    double discardedEnergy) {}
