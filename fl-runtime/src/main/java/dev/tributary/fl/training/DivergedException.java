// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

/** A client's loss, gradient or adapter is no longer a finite number. Exit code 1. */
public final class DivergedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public DivergedException(String message) {
    super(message);
  }
}
