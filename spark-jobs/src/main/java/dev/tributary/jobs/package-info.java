// SPDX-License-Identifier: Apache-2.0
/**
 * The commands as jobs, one class each, and what they are made of: {@link
 * dev.tributary.jobs.PrepareJob}, {@link dev.tributary.jobs.TrainJob}, {@link
 * dev.tributary.jobs.EvaluateJob}, {@link dev.tributary.jobs.RunJob}, {@link
 * dev.tributary.jobs.GenerateJob}.
 *
 * <p>All run on the driver. Results are records; the command line prints them.
 */
@NullMarked
package dev.tributary.jobs;

import org.jspecify.annotations.NullMarked;
