// SPDX-License-Identifier: Apache-2.0
/**
 * What a run found and what a split holds, for people: one HTML page that needs no network, and the
 * same figures as text.
 *
 * <p>Read {@link dev.tributary.jobs.report.RunContents} (what is known of a run), then {@code
 * ReportText} and {@code ReportPage}; {@link dev.tributary.jobs.report.SplitDescription} (what is
 * known of a split), then {@code SplitText} and {@code SplitPage}.
 */
@NullMarked
package dev.tributary.jobs.report;

import org.jspecify.annotations.NullMarked;
