// SPDX-License-Identifier: Apache-2.0
/**
 * Where clients and evaluations run: tasks of a Spark application.
 *
 * <p>Read {@link dev.tributary.jobs.spark.Pieces} (one task a piece of work, results handed over
 * one by one), {@link dev.tributary.jobs.spark.SparkBackend} (a round is one job of it), then
 * {@link dev.tributary.jobs.spark.BaseModels} (what an executor keeps between tasks). Results never
 * depend on how many executors there are, nor on which of them fail.
 */
@NullMarked
package dev.tributary.jobs.spark;

import org.jspecify.annotations.NullMarked;
