// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.ledger;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.message.MessageException;
import dev.tributary.fl.message.MessageHeader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The run's memory. A resume begins at the last whole entry.
 *
 * <pre>
 * round=00001/          an entry; there whole or not at all
 *   entry.json          {@link LedgerEntry}
 *   global.message      the server's state after the round
 *   kept/client=0003.message   what clients of the round keep for their next
 *   SHA256SUMS          of these files; {@code sha256sum -c} reads it
 * open/                 the round in progress; thrown away at the next start
 *   updates/            its answers
 *   entry/              what will be committed
 * </pre>
 *
 * <p>States are large and entries are many: {@link #prune} deletes the states (never entry.json) of
 * entries that nothing needs any more. Those of the last two entries always stay: a last entry
 * whose files do not have their checksums is deleted at the next start, with a warning, and its
 * round is trained again, which gives the same state. If the one before is damaged as well, that is
 * an error; so is an entry that cannot be read or is of another version, which stays as it is.
 */
public final class Ledger {
  private static final Logger LOG = LoggerFactory.getLogger(Ledger.class);

  static final String OPEN = "open";
  static final String ENTRY = "entry.json";
  static final String GLOBAL = "global.message";
  static final String KEPT = "kept";
  static final String SUMS = "SHA256SUMS";

  static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .disable(MapperFeature.SORT_CREATOR_PROPERTIES_FIRST)
          .build();

  private final Store store;

  /** Rounds whose entry still holds the global state. */
  private final Set<Integer> states = new TreeSet<>();

  /** Clients whose kept state an entry still holds, by its round; no empty sets. */
  private final Map<Integer, Set<Integer>> keptIn = new TreeMap<>();

  private int lastRound;

  private Ledger(Store store) {
    this.store = store;
  }

  /**
   * Opens what is there, which may be nothing; throws away what was not committed.
   *
   * @throws LedgerException if no state is left to resume from
   */
  public static Ledger open(Store store) {
    store.delete(OPEN);
    Ledger ledger = new Ledger(store);
    ledger.findEntries();
    ledger.checkLast();
    return ledger;
  }

  private void findEntries() {
    for (String name : store.list("")) {
      if (!name.matches("round=\\d{5,}")) {
        continue;
      }
      int round = Integer.parseInt(name.substring("round=".length()));
      lastRound++;
      if (round != lastRound) {
        throw new LedgerException(
            "Cannot resume: the ledger has no entry of round "
                + lastRound
                + ", but one of round "
                + round
                + "; restore it, or delete the ledger to begin anew");
      }
      if (store.exists(folder(round) + GLOBAL)) {
        states.add(round);
      }
      Set<Integer> clients = new TreeSet<>();
      for (String file : store.list(folder(round) + KEPT)) {
        clients.add(Integer.valueOf(file.replaceAll("\\D", "")));
      }
      if (!clients.isEmpty()) {
        keptIn.put(round, clients);
      }
    }
  }

  private void checkLast() {
    if (lastRound == 0) {
      return;
    }
    Optional<String> fault = fault(lastRound);
    if (fault.isEmpty()) {
      return;
    }
    Optional<String> before = lastRound == 1 ? Optional.empty() : fault(lastRound - 1);
    if (before.isPresent()) {
      throw new LedgerException(
          "Cannot resume: the ledger's last two entries are damaged (round "
              + (lastRound - 1)
              + ": "
              + before.get()
              + "; round "
              + lastRound
              + ": "
              + fault.get()
              + "); restore them, or delete the ledger to begin anew");
    }
    LOG.warn(
        "The ledger's entry of round {} is damaged ({}); it is deleted and the round is trained"
            + " again",
        lastRound,
        fault.get());
    store.delete(name(lastRound));
    states.remove(lastRound);
    keptIn.remove(lastRound);
    lastRound--;
  }

  /**
   * How the files that an entry wrote differ from what was committed; empty if they do not.
   *
   * @throws LedgerException if that cannot be told: a file cannot be read, or the entry is whole
   *     but not one that this Tributary understands
   */
  private Optional<String> fault(int round) {
    try {
      Map<String, String> sums = store.exists(folder(round) + SUMS) ? sums(round) : Map.of();
      for (String file : List.of(ENTRY, GLOBAL)) {
        Optional<String> fault = fault(round, file, sums);
        if (fault.isPresent()) {
          return fault;
        }
      }
      return entry(round).kept().entrySet().stream()
          .filter(kept -> kept.getValue() == round)
          .flatMap(kept -> fault(round, keptFile("", kept.getKey()), sums).stream())
          .findFirst();
    } catch (UncheckedIOException e) {
      throw new LedgerException(
          "Cannot resume: the ledger's entry of round "
              + round
              + " cannot be read: "
              + e.getMessage()
              + "; start again when it can, or, if it is lost for good, delete "
              + name(round)
              + ", and its round is trained again",
          e);
    }
  }

  private Optional<String> fault(int round, String file, Map<String, String> sums) {
    if (!store.exists(folder(round) + file)) {
      return Optional.of(file + " is missing");
    }
    return Sha256.of(store.read(folder(round) + file)).equals(sums.get(file))
        ? Optional.empty()
        : Optional.of(file + " does not have its checksum");
  }

  private Map<String, String> sums(int round) {
    Map<String, String> sums = new HashMap<>();
    String text = new String(store.read(folder(round) + SUMS), StandardCharsets.UTF_8);
    text.lines()
        .map(line -> line.split(" {2}", 2))
        .filter(line -> line.length == 2)
        .forEach(line -> sums.put(line[1], line[0]));
    return sums;
  }

  // ---- what it holds

  /** Counted from 1; 0 if nothing was committed yet. */
  public int lastRound() {
    return lastRound;
  }

  public Optional<LedgerEntry> last() {
    return lastRound == 0 ? Optional.empty() : Optional.of(entry(lastRound));
  }

  /** All entries in the order of their rounds; read one by one. */
  public List<LedgerEntry> entries() {
    return IntStream.rangeClosed(1, lastRound).mapToObj(this::entry).toList();
  }

  /**
   * @throws LedgerException if it is not there or cannot be read
   */
  public LedgerEntry entry(int round) {
    checkCommitted(round);
    try {
      JsonNode tree = JSON.readTree(store.read(folder(round) + ENTRY));
      int version = tree.path("version").asInt();
      if (version != LedgerEntry.VERSION) {
        throw new LedgerException(
            "Cannot read the ledger's entry of round "
                + round
                + ": it is of version "
                + version
                + ", and this Tributary reads version "
                + LedgerEntry.VERSION
                + "; go on with the Tributary that wrote it, or choose another output to begin"
                + " anew");
      }
      LedgerEntry entry = JSON.treeToValue(tree, LedgerEntry.class);
      if (entry.round() != round) {
        throw new LedgerException(
            "The ledger's entry of round "
                + round
                + " says round "
                + entry.round()
                + "; give each entry's folder the name that it had");
      }
      return entry;
    } catch (IOException e) {
      throw new LedgerException("The ledger's entry of round " + round + " is not readable", e);
    }
  }

  /** Whether the state after a round is still there. */
  public boolean holdsState(int round) {
    return states.contains(round);
  }

  /**
   * The server's state after a round.
   *
   * @throws LedgerException if it was pruned or never committed
   * @throws MessageException if it is damaged
   */
  public ServerState state(int round) {
    checkCommitted(round);
    if (!states.contains(round)) {
      throw new LedgerException(
          "The ledger does not hold the state after round "
              + round
              + " any more, only those of "
              + states);
    }
    Message message =
        Message.open(store.open(folder(round) + GLOBAL), "The ledger's state after round " + round)
            .expect(MessageHeader.Kind.GLOBAL, round, MessageHeader.SERVER);
    return ServerState.ofParts(message.allParts());
  }

  /** The global adapter after a round; errors as {@link #state}. */
  public NamedTensors adapter(int round) {
    return state(round).adapter();
  }

  /** A client's own adapter after a round, as the algorithm has it. Errors as {@link #state}. */
  public NamedTensors adapterOf(int client, int round, FederatedAlgorithm algorithm) {
    Map<String, NamedTensors> kept =
        kept(client, round)
            .map(bytes -> Message.of(bytes, "What client " + client + " kept").allParts())
            .orElse(Map.of());
    return algorithm.personal(adapter(round), kept);
  }

  /**
   * What a client had kept by the end of a round, as a message; empty if it had taken part in none
   * or keeps nothing. By any thread.
   *
   * @param round 0 for before the first
   * @throws MessageException if it is damaged; names the client
   */
  public Optional<byte[]> kept(int client, int round) {
    return round == 0 ? Optional.empty() : kept(client, entry(round));
  }

  /** As the other, of an entry that was read already. */
  public Optional<byte[]> kept(int client, LedgerEntry entry) {
    return Optional.ofNullable(entry.kept().get(client))
        .map(
            round -> {
              byte[] bytes = store.read(keptFile(folder(round), client));
              Message.of(bytes, "Client " + client + ", round " + round + ": what it kept")
                  .expect(MessageHeader.Kind.KEPT, round, client)
                  .expectFinite();
              return bytes;
            });
  }

  // ---- what comes in

  /** Begins the round after the last; throws away what another attempt at it left. */
  public OpenRound begin(int round) {
    if (round != lastRound + 1) {
      throw new IllegalArgumentException(
          "The ledger has " + lastRound + " rounds, so " + round + " cannot be next");
    }
    store.delete(OPEN);
    return new OpenRound(this, store, round);
  }

  void committed(int round, Set<Integer> keptClients) {
    lastRound = round;
    states.add(round);
    if (!keptClients.isEmpty()) {
      keptIn.put(round, new TreeSet<>(keptClients));
    }
  }

  /**
   * Deletes states that are not needed: all but those of the last two entries and of {@code
   * wanted}. What clients kept goes with the states of the rounds that refer to it.
   */
  public void prune(Set<Integer> wanted) {
    Set<Integer> needed = new TreeSet<>(wanted);
    needed.add(lastRound);
    needed.add(lastRound - 1);
    Map<Integer, Set<Integer>> neededKept = new LinkedHashMap<>();
    for (int round : needed) {
      if (round >= 1 && round <= lastRound && !keptIn.isEmpty()) {
        entry(round)
            .kept()
            .forEach(
                (client, in) -> neededKept.computeIfAbsent(in, r -> new TreeSet<>()).add(client));
      }
    }
    for (int round : List.copyOf(states)) {
      if (!needed.contains(round)) {
        store.delete(folder(round) + GLOBAL);
        states.remove(round);
      }
    }
    keptIn.forEach(
        (round, clients) -> {
          Set<Integer> keep = neededKept.getOrDefault(round, Set.of());
          for (int client : List.copyOf(clients)) {
            if (!keep.contains(client)) {
              store.delete(keptFile(folder(round), client));
              clients.remove(client);
            }
          }
        });
    keptIn.values().removeIf(Set::isEmpty);
  }

  private void checkCommitted(int round) {
    if (round < 1 || round > lastRound) {
      throw new LedgerException(
          "The ledger has no entry of round " + round + ", its last is " + lastRound);
    }
  }

  static String name(int round) {
    return "round=%05d".formatted(round);
  }

  private static String folder(int round) {
    return name(round) + "/";
  }

  static String keptFile(String folder, int client) {
    return "%s%s/client=%04d.message".formatted(folder, KEPT, client);
  }
}
