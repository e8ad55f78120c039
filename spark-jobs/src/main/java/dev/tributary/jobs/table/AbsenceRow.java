// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

/** A client that did not count: a row of {@link Tables#ABSENCES}, which explains its columns. */
public record AbsenceRow(
    int round, int client, String cause, String reason, double simulatedSeconds) {}
