// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.util.Optional;

/**
 * One figure; a row of the table {@code evaluations}.
 *
 * @param round after which it was measured; 0 before training
 * @param adapter {@code global}, or {@code client=K} for a client's own adapter
 * @param task its label
 * @param split the part of the data
 * @param client whose examples; empty for all together, and for benchmarks
 * @param metric {@code loss_per_token}, {@code loss_per_example}, {@code accuracy} ...
 * @param value empty where too many instances could not be run, or there were none
 * @param low lower end of the 95 % interval, where the metric has one
 * @param high upper end
 * @param instances examples or questions that {@code value} is about
 * @param notRun those that failures left without an answer; not among {@code instances}
 * @param skipped those that cannot be measured, e.g. prompts that fill the token limit
 * @param publishedInstances size of the benchmark as published
 * @param notice what a reader of the value must know, e.g. that the file is only a part
 * @param seconds computing time, summed over the machines that shared the work
 */
public record EvaluationRow(
    int round,
    String adapter,
    String task,
    String split,
    Optional<Integer> client,
    String metric,
    Optional<Double> value,
    Optional<Double> low,
    Optional<Double> high,
    long instances,
    long notRun,
    long skipped,
    Optional<Long> publishedInstances,
    Optional<String> notice,
    double seconds) {}
