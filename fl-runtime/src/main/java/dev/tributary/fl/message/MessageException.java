// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

/**
 * A message is refused: damaged, of another round or client, misshapen, not finite. The message of
 * this exception names who sent it. Exit code 1.
 */
public final class MessageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public MessageException(String message) {
    super(message);
  }

  public MessageException(String message, Throwable cause) {
    super(message, cause);
  }
}
