// SPDX-License-Identifier: Apache-2.0
/**
 * How fast and how large training and generation are on this machine: the commands {@code bench
 * step}, {@code bench sft} and {@code bench generate}, the work of one client without Spark; and
 * what preparation and a round take, {@code bench prepare} and {@code bench round}.
 *
 * <p>Read {@link dev.tributary.jobs.bench.SftBench} first.
 */
@NullMarked
package dev.tributary.jobs.bench;

import org.jspecify.annotations.NullMarked;
