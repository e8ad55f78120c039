// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

/**
 * What the user gave cannot be used: a configuration, a checkpoint, a corpus. The message says
 * where, what, and the way out; commands end with exit code 2.
 */
public class InputException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public InputException(String message) {
    super(message);
  }

  public InputException(String message, Throwable cause) {
    super(message, cause);
  }
}
