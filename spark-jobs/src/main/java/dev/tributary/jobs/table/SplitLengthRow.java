// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

/** How long examples are: a row of {@link Tables#SPLIT_LENGTHS}. */
public record SplitLengthRow(String split, int fromTokens, int toTokens, long examples) {}
