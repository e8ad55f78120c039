// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hook;

import dev.tributary.fl.adapter.NamedTensors;

/** What a hook may do with a step's gradients; valid only during the call it was given to. */
public interface Gradients {
  /** L2 norm over all of them together, as they are now. */
  double norm();

  /** Multiplies all of them. */
  void scale(double factor);

  /**
   * Adds {@code factor * addend}: noise, a correction.
   *
   * @param addend tensors of the trained ones' names and shapes
   */
  void add(double factor, NamedTensors addend);

  /**
   * Adds {@code factor * (weight - reference)} to each: the gradient of {@code factor / 2 *
   * ||weight - reference||^2}.
   *
   * @param reference tensors of the trained ones' names and shapes
   */
  void addDifference(double factor, NamedTensors reference);

  /** Copies of them, by the names of the trained tensors. */
  NamedTensors values();

  /** Copies of the trained tensors, before the update. */
  NamedTensors weights();
}
