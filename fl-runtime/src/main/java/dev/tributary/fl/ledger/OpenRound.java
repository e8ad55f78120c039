// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.ledger;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.message.MessageHeader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A round in progress: nothing of it counts before {@link #commit}. */
public final class OpenRound {
  private static final String UPDATES = Ledger.OPEN + "/updates/";
  private static final String NEXT = Ledger.OPEN + "/entry/";

  private final Ledger ledger;
  private final Store store;
  private final int round;
  private final Map<String, String> sums = new TreeMap<>();
  private final Set<Integer> kept = new TreeSet<>();

  OpenRound(Ledger ledger, Store store, int round) {
    this.ledger = ledger;
    this.store = store;
    this.round = round;
  }

  /** Puts a client's answer on disk. */
  public void storeUpdate(int client, byte[] message) {
    store.write(updateFile(client), message);
  }

  /** An answer that was stored; its tensors are read when asked for. */
  public Message update(int client) {
    return Message.open(
        store.open(updateFile(client)), "Client " + client + ", round " + round + ": its update");
  }

  /** Puts what a client keeps on disk, as a message of kind {@code KEPT}. */
  public void storeKept(int client, byte[] message) {
    write(Ledger.keptFile("", client), message);
    kept.add(client);
  }

  /** What {@link LedgerEntry#kept} has to say. */
  public Map<Integer, Integer> kept() {
    Map<Integer, Integer> all = new TreeMap<>();
    ledger.last().ifPresent(last -> all.putAll(last.kept()));
    kept.forEach(client -> all.put(client, round));
    return all;
  }

  /** Makes the round part of the ledger, by one rename. */
  public void commit(LedgerEntry entry, ServerState state) {
    write(Ledger.GLOBAL, Message.encode(MessageHeader.global(round), state.allParts()));
    write(Ledger.ENTRY, json(entry));
    StringBuilder lines = new StringBuilder();
    sums.forEach((file, sum) -> lines.append(sum).append("  ").append(file).append('\n'));
    store.write(NEXT + Ledger.SUMS, lines.toString().getBytes(StandardCharsets.UTF_8));
    store.commit(Ledger.OPEN + "/entry", Ledger.name(round));
    ledger.committed(round, kept);
    store.delete(Ledger.OPEN);
  }

  private void write(String file, byte[] bytes) {
    store.write(NEXT + file, bytes);
    sums.put(file, Sha256.of(bytes));
  }

  private static byte[] json(LedgerEntry entry) {
    try {
      return Ledger.JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(entry);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an entry of texts and numbers is JSON", e);
    }
  }

  private static String updateFile(int client) {
    return "%sclient=%04d.message".formatted(UPDATES, client);
  }
}
