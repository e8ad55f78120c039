// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.text.PromptTemplate;

/**
 * What a benchmark is read with.
 *
 * @param files where paths lead
 * @param template how the run puts an instruction to the model, for zero-shot prompts
 * @param scoring whether answers exist already and say what was asked: then no published split
 *     narrows the questions
 */
public record TaskContext(BenchmarkFiles files, PromptTemplate template, boolean scoring) {
  /** To ask a model. */
  public TaskContext(BenchmarkFiles files, PromptTemplate template) {
    this(files, template, false);
  }
}
