// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.util.Optional;

/**
 * One answer to one question; a row of the table {@code answers}.
 *
 * @param round after which it was given; 0 before training
 * @param adapter {@code global}, or {@code client=K}
 * @param task its label
 * @param id the question's, as answers files name it: {@code gsm8k/0}
 * @param sample counted from 0 where one question is answered several times
 * @param prompt all text that the model was given; empty for answers made elsewhere
 * @param output text after the prompt, up to the stop string; empty where not run
 * @param extracted what the scorer took from the output, if it found anything
 * @param gold the right answer
 * @param score from 0 (wrong) to 1 (right); empty where not run
 * @param notRun why there is no answer
 * @param droppedDemonstrations few-shot examples left out because the prompt was too long
 * @param promptTokens tokens that the model read
 * @param newTokens tokens that the model wrote
 */
public record AnswerRow(
    int round,
    String adapter,
    String task,
    String id,
    int sample,
    String prompt,
    String output,
    Optional<String> extracted,
    String gold,
    Optional<Double> score,
    Optional<String> notRun,
    int droppedDemonstrations,
    long promptTokens,
    long newTokens) {}
