// SPDX-License-Identifier: Apache-2.0
/**
 * Federated algorithms: what a client does with the global adapter, how answers become the next
 * one.
 *
 * <p>Read {@link dev.tributary.fl.algorithm.FederatedAlgorithm}, then {@link
 * dev.tributary.fl.algorithm.FedAvg} and, for servers with an optimiser of their own, {@code
 * ServerOptimizer}; {@link dev.tributary.fl.algorithm.LocalTraining} is what the client's half
 * works with, {@link dev.tributary.fl.algorithm.Cohort} what the server's half does. Nothing here
 * knows where clients run or where answers are stored.
 */
@NullMarked
package dev.tributary.fl.algorithm;

import org.jspecify.annotations.NullMarked;
