// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.io.Serializable;

/** What became of one question on an executor. Travels to the driver, which judges it. */
public sealed interface Answer extends Serializable {
  /** Place of the question in {@link Benchmark#questions()}. */
  int place();

  /**
   * The model answered.
   *
   * @param sample counted from 0 where one question is answered several times
   * @param prompt all text that it was given
   * @param output text after the prompt, up to the stop
   * @param droppedDemonstrations left out of the prompt because it was too long
   * @param promptTokens that the model read, shared ones counted in full
   * @param newTokens that the model wrote, without the stop
   * @param lackingTokens new tokens that were asked for but had no room in the model
   */
  record Given(
      int place,
      int sample,
      String prompt,
      String output,
      int droppedDemonstrations,
      long promptTokens,
      long newTokens,
      int lackingTokens)
      implements Answer {}

  /**
   * There is no answer, by no fault of the model's.
   *
   * @param reason e.g. the failure of the device
   */
  record NotRun(int place, String reason) implements Answer {}
}
