// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import java.util.Optional;

/**
 * What a message says beside its tensors.
 *
 * @param kind who says what to whom
 * @param round counted from 1; 0 for the state before the first
 * @param client the sender or keeper; {@link #SERVER} for the server
 * @param report of a client's training; empty where the server speaks
 */
public record MessageHeader(Kind kind, int round, int client, Optional<ClientReport> report) {
  /** In place of a client's number. */
  public static final int SERVER = -1;

  /** Who says what to whom. */
  public enum Kind {
    /** The server's state: to clients, or kept in the ledger. */
    GLOBAL,
    /** A client's answer to the server. */
    UPDATE,
    /** What a client keeps from round to round. */
    KEPT
  }

  public static MessageHeader global(int round) {
    return new MessageHeader(Kind.GLOBAL, round, SERVER, Optional.empty());
  }

  public static MessageHeader update(int round, int client, ClientReport report) {
    return new MessageHeader(Kind.UPDATE, round, client, Optional.of(report));
  }

  public static MessageHeader kept(int round, int client, ClientReport report) {
    return new MessageHeader(Kind.KEPT, round, client, Optional.of(report));
  }
}
