// SPDX-License-Identifier: Apache-2.0
/**
 * A run directory: what one run leaves on disk, and who may write it.
 *
 * <p>Read {@link dev.tributary.jobs.run.RunDirectory} first.
 */
@NullMarked
package dev.tributary.jobs.run;

import org.jspecify.annotations.NullMarked;
