// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * What a client says of its round beside its tensors. Nothing here depends on when, where or how
 * often the work was tried: the same attempt again gives the same report.
 *
 * @param examplesSeen examples that entered steps, counted as often as they did
 * @param dataSize examples it can train on
 * @param skippedExamples examples it holds beyond those, left out because the prompt fills
 *     max-tokens
 * @param cutExamples examples among {@code dataSize} that were cut to fit max-tokens
 * @param steps local steps, skipped ones included
 * @param skippedSteps steps that a hook skipped, or whose gradients left the range of float16
 * @param clippedSteps steps whose gradient was scaled down
 * @param optimizerSteps updates of the optimiser since its state was last empty
 * @param tokens of the examples seen
 * @param labels tokens that the examples seen were trained to predict
 * @param firstLoss mean negative log-likelihood per label of the first batch, before any update
 * @param meanLoss the same over all batches
 * @param stepLosses the same of each step
 */
public record ClientReport(
    long examplesSeen,
    long dataSize,
    long skippedExamples,
    long cutExamples,
    int steps,
    int skippedSteps,
    int clippedSteps,
    long optimizerSteps,
    long tokens,
    long labels,
    double firstLoss,
    double meanLoss,
    List<Double> stepLosses)
    implements Serializable {
  public ClientReport {
    stepLosses = List.copyOf(stepLosses);
  }

  /**
   * This training, and the cost of another beside it or after it: counts are added up, and so are
   * losses of steps; what examples there are is the same in both.
   */
  public ClientReport and(ClientReport other) {
    List<Double> losses = new ArrayList<>(stepLosses);
    losses.addAll(other.stepLosses);
    long allLabels = labels + other.labels;
    return new ClientReport(
        examplesSeen + other.examplesSeen,
        dataSize,
        skippedExamples,
        cutExamples,
        steps + other.steps,
        skippedSteps + other.skippedSteps,
        clippedSteps + other.clippedSteps,
        optimizerSteps + other.optimizerSteps,
        tokens + other.tokens,
        allLabels,
        firstLoss,
        (meanLoss * labels + other.meanLoss * other.labels) / allLabels,
        losses);
  }
}
