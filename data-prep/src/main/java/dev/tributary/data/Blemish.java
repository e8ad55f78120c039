// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

/** What can be told of one example by itself that may be a reason to leave it out. */
enum Blemish {
  /** There is no answer. */
  EMPTY_ANSWER("empty-answer"),
  /** The answer or a part of the prompt would be cut off to fit max-tokens. */
  OVER_LONG("over-long"),
  /** It holds text of an evaluation benchmark. */
  CONTAMINATED("contaminated");

  private final String label;

  Blemish(String label) {
    this.label = label;
  }

  /** As manifests count it. */
  String label() {
    return label;
  }
}
