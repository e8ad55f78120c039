// SPDX-License-Identifier: Apache-2.0
/**
 * The Parquet tables that runs and splits leave for Spark SQL and notebooks.
 *
 * <p>Read {@link dev.tributary.jobs.table.Tables}: all schemas stand there.
 */
@NullMarked
package dev.tributary.jobs.table;

import org.jspecify.annotations.NullMarked;
