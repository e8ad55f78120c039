// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

/** A category that a client holds: a row of {@link Tables#SPLIT_CATEGORIES}. */
public record SplitCategoryRow(int client, String category, String split, long examples) {}
