// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

/** What a client's share in an aggregate is proportional to. */
public enum Weighting {
  /** Examples that entered its steps of this round (steps x batch, as FS-LLM counts). */
  EXAMPLES_SEEN,
  /** Examples that it holds (McMahan et al. 2017). */
  DATA_SIZE,
  /** All clients alike. */
  UNIFORM
}
