// SPDX-License-Identifier: Apache-2.0
/**
 * What a run found, for people: one HTML page that needs no network, and the same figures as text.
 *
 * <p>Read {@link dev.tributary.jobs.report.RunContents} (what is known of a run), then {@code
 * ReportText} and {@code ReportPage}.
 */
@NullMarked
package dev.tributary.jobs.report;

import org.jspecify.annotations.NullMarked;
