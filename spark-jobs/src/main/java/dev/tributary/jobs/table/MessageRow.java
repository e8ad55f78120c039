// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

/** Bytes on their way: a row of {@link Tables#MESSAGES}, which explains its columns. */
public record MessageRow(
    int round, int client, String direction, int stage, String after, long bytes) {}
