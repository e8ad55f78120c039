// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import org.jspecify.annotations.Nullable;

/** A client could not finish its round; the message names client and round. Exit code 1. */
public final class ClientFailedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public ClientFailedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
