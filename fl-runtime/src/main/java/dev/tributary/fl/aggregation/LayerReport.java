// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

/**
 * How the updates of a layer became one. Norms are Frobenius norms of products {@code B A}, without
 * the adapter's scale.
 *
 * @param layer its name in the checkpoint
 * @param rank that is trained
 * @param heldRank beside it
 * @param updateNorm of the mean of the products {@code sum p_k B_k A_k}
 * @param bias distance of the new update from that mean, relative to its norm; 0 is exact
 * @param factorBias the same of factors averaged one by one
 * @param discardedEnergy share of the squared norm that was cut off to keep the rank, 0 to 1
 */
public record LayerReport(
    String layer,
    int rank,
    int heldRank,
    double updateNorm,
    double bias,
    double factorBias,
    double discardedEnergy) {}
