// SPDX-License-Identifier: Apache-2.0
/**
 * The program. The story of a run: {@link dev.tributary.jobs.cli} reads the command, {@link
 * dev.tributary.jobs.experiment} the experiment file, {@link dev.tributary.jobs} does the work.
 */
@NullMarked
package dev.tributary;

import org.jspecify.annotations.NullMarked;
