// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

/**
 * How HELM's generation adapter writes an instance: {@code INPUT: ...⏎OUTPUT: ...⏎}, blocks apart
 * by an empty line, instructions first.
 *
 * @param instructions in front of all; empty for none
 * @param input in front of an instance's input, e.g. {@code Passage: }
 * @param output in front of its answer, e.g. {@code Answer: }
 */
record Format(String instructions, String input, String output) {
  /** With nouns, as {@code Passage} and {@code Answer}. */
  static Format of(String instructions, String inputNoun, String outputNoun) {
    return new Format(instructions, inputNoun + ": ", outputNoun + ": ");
  }

  String header() {
    return instructions.isEmpty() ? "" : instructions + "\n\n";
  }

  String shown(String text, String answer) {
    return input + text + "\n" + output + answer + "\n\n";
  }

  String asked(String text) {
    return input + text + "\n" + output.replaceFirst(" +$", "");
  }
}
