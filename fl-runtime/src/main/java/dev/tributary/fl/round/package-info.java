// SPDX-License-Identifier: Apache-2.0
/**
 * The federated loop without Spark: what a round asks of clients, where clients run, how rounds
 * follow each other.
 *
 * <p>Read {@link dev.tributary.fl.round.FederatedRun} (the loop), then {@link
 * dev.tributary.fl.round.ClientBackend} (where clients run) and {@link
 * dev.tributary.fl.round.ClientWork} (what they do there).
 */
@NullMarked
package dev.tributary.fl.round;

import org.jspecify.annotations.NullMarked;
