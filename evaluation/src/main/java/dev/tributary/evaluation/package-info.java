// SPDX-License-Identifier: Apache-2.0
/**
 * How good an adapter is: losses on the run's own split, benchmarks from their published files,
 * scores with intervals.
 *
 * <p>Read {@link dev.tributary.evaluation.Task} (what is measured), {@link
 * dev.tributary.evaluation.EvaluationConfig} (what may be asked), then {@link
 * dev.tributary.evaluation.EvaluationRow} and {@link dev.tributary.evaluation.AnswerRow} (what is
 * left). Nothing here knows of Spark: a task's work comes in pieces that any machine with the model
 * can do, and results do not depend on how the pieces were dealt out.
 */
@NullMarked
package dev.tributary.evaluation;

import org.jspecify.annotations.NullMarked;
