// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

/** How an example is put to the model; stateless. */
public interface PromptTemplate {
  /** All text in front of the answer. */
  String prompt(InstructionExample example);
}
