// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.ledger;

/** A ledger is damaged beyond what can be trained again. Exit code 1. */
public final class LedgerException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public LedgerException(String message) {
    super(message);
  }

  public LedgerException(String message, Throwable cause) {
    super(message, cause);
  }
}
