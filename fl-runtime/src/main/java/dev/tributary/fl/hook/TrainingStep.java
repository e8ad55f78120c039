// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hook;

import dev.tributary.fl.seed.Seed;

/**
 * One local update step, as hooks may know it.
 *
 * @param round counted from 1
 * @param client its number
 * @param step of this round, counted from 0
 * @param runStep of the whole run, counted from 0: what schedules go by
 * @param learningRate after the schedule
 * @param examples in the whole batch, all micro-batches together
 * @param labels in the whole batch
 * @param loss mean negative log-likelihood per label, natural logarithm, before the update
 * @param gradientNorm L2 norm over all gradients, before any hook
 * @param seed of (run, round, client, step), for what hooks draw; take a child with a name
 */
public record TrainingStep(
    int round,
    int client,
    int step,
    long runStep,
    double learningRate,
    int examples,
    long labels,
    double loss,
    double gradientNorm,
    Seed seed) {}
