// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

/**
 * A hub cannot be reached, or sends what it did not announce. The user's input is not at fault;
 * another attempt may succeed.
 */
public final class HubException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public HubException(String message) {
    super(message);
  }

  public HubException(String message, Throwable cause) {
    super(message, cause);
  }
}
