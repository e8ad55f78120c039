// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.aggregation.FactorExchange;
import dev.tributary.fl.algorithm.Cohort;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.ledger.LedgerEntry.ClientRow;
import dev.tributary.fl.ledger.OpenRound;
import dev.tributary.fl.message.ClientReport;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.message.MessageException;
import dev.tributary.fl.message.MessageHeader;
import dev.tributary.fl.message.MessageSizes;
import dev.tributary.fl.sampling.Absence;
import dev.tributary.fl.sampling.Participation;
import dev.tributary.fl.sampling.Selection;
import dev.tributary.fl.training.Weighting;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Takes a round's answers in: checks each, puts it on disk, and remembers its row. */
final class Answers implements ClientBackend.Receiver {
  private final RoundOrder order;
  private final List<Integer> cohort;
  private final List<Absence> selected;
  private final ServerState before;
  private final FederatedAlgorithm algorithm;
  private final FactorExchange exchange;
  private final Ledger ledger;
  private final Optional<LedgerEntry> lastEntry;
  private final OpenRound open;
  private final RoundListener listener;
  private final Map<Integer, ClientRow> rows = new HashMap<>();
  private final List<Absence> absences = new ArrayList<>();
  private final Map<Integer, Long> keptBytes = new ConcurrentHashMap<>(); // asked by any thread

  Answers(
      RoundOrder order,
      Selection selection,
      ServerState before,
      Ledger ledger,
      OpenRound open,
      RoundListener listener) {
    this.order = order;
    this.cohort = selection.cohort();
    this.selected = selection.absences();
    this.before = before;
    this.algorithm = order.algorithm();
    this.exchange = order.exchange();
    this.ledger = ledger;
    this.lastEntry = ledger.last();
    this.open = open;
    this.listener = listener;
  }

  @Override
  public void receive(int client, byte[] message) {
    receive(client, message, Attempt.UNKNOWN);
  }

  @Override
  public void receive(int client, byte[] message, Attempt attempt) {
    try {
      take(client, message, attempt);
    } catch (MessageException refused) {
      if (!drops()) {
        throw refused;
      }
      absent(client, Absence.Cause.REFUSED, String.valueOf(refused.getMessage()));
    }
  }

  private boolean drops() {
    return order.training().participation().onFailure() == Participation.OnFailure.DROP;
  }

  private void absent(int client, Absence.Cause cause, String reason) {
    Absence absence = new Absence(client, cause, reason, 0);
    absences.add(absence);
    listener.clientAbsent(order.round(), absence);
  }

  @Override
  public void failed(int client, String why, @Nullable Throwable cause) {
    if (!drops()) {
      throw new ClientFailedException(
          "Client " + client + " failed in round " + order.round() + ": " + why, cause);
    }
    absent(client, Absence.Cause.FAILED, why);
  }

  private void take(int client, byte[] message, Attempt attempt) {
    if (!cohort.contains(client) || rows.containsKey(client)) {
      throw new IllegalStateException(
          "Client " + client + " is not one of " + cohort + ", or answered before");
    }
    String origin = "Client " + client + ", round " + order.round() + ": its update";
    Message answer =
        Message.of(message, origin).expect(MessageHeader.Kind.UPDATE, order.round(), client);
    // what the client was sent, and of it what it should send back; before anything is unpacked
    NamedTensors due =
        exchange.answered(exchange.sent(before.adapter(), client), client, order.round());
    algorithm.check(before.withAdapter(due), answer);
    answer.expectFinite();
    ClientReport report =
        answer
            .header()
            .report()
            .orElseThrow(() -> new MessageException(origin + " is refused: it has no report"));
    open.storeUpdate(client, message);
    storeKept(client, answer, report);
    ClientRow row = row(client, report, answer.sizes(ClientWork::isKept), attempt);
    rows.put(client, row);
    listener.clientDone(order.round(), row);
  }

  private void storeKept(int client, Message answer, ClientReport report) {
    Map<String, NamedTensors> kept = new LinkedHashMap<>();
    for (String part : answer.parts()) {
      if (part.startsWith(ClientWork.KEPT)) {
        kept.put(part.substring(ClientWork.KEPT.length()), answer.part(part));
      }
    }
    if (!kept.isEmpty()) {
      open.storeKept(
          client, Message.encode(MessageHeader.kept(order.round(), client, report), kept));
    }
  }

  private ClientRow row(int client, ClientReport report, MessageSizes upload, Attempt attempt) {
    return new ClientRow(
        client,
        weight(report),
        0,
        report,
        order.global().length + keptBytes.getOrDefault(client, 0L),
        upload.whole(),
        upload,
        attempt.executor(),
        attempt.wallSeconds(),
        attempt.peakMemoryBytes());
  }

  private double weight(ClientReport report) {
    Weighting weighting = order.training().weighting();
    return switch (weighting) {
      case EXAMPLES_SEEN -> report.examplesSeen();
      case DATA_SIZE -> report.dataSize();
      case UNIFORM -> 1;
    };
  }

  @Override
  public Optional<byte[]> kept(int client) {
    if (!order.clientsRemember()) {
      return Optional.empty();
    }
    Optional<byte[]> kept = lastEntry.flatMap(entry -> ledger.kept(client, entry));
    kept.ifPresent(bytes -> keptBytes.put(client, (long) bytes.length));
    return kept;
  }

  /**
   * The answers, in the cohort's order.
   *
   * @param clients all of the run
   * @throws IllegalStateException if one is missing of which nothing was said
   * @throws ClientFailedException if there are fewer than the quorum
   */
  Cohort cohort(int clients) {
    Set<Integer> away = absences.stream().map(Absence::client).collect(Collectors.toSet());
    List<Integer> missing =
        cohort.stream().filter(c -> !rows.containsKey(c) && !away.contains(c)).toList();
    if (!missing.isEmpty()) {
      throw new IllegalStateException(
          "The backend ended round " + order.round() + " without answers of clients " + missing);
    }
    requireQuorum();
    List<Cohort.Member> members =
        rows().stream()
            .map(row -> new Cohort.Member(row.client(), row.weight(), row.report()))
            .toList();
    return new StoredCohort(order.round(), clients, members, open);
  }

  private void requireQuorum() {
    int quorum = order.training().participation().quorum();
    if (rows.size() < quorum) {
      String why =
          absences().stream()
              .limit(5)
              .map(a -> "client " + a.client() + ": " + a.reason())
              .collect(Collectors.joining("; "));
      throw new ClientFailedException(
          "Round "
              + order.round()
              + " has "
              + rows.size()
              + " answers, fewer than the quorum of "
              + quorum
              + (why.isEmpty() ? "" : " (" + why + (absences().size() > 5 ? "; ..." : "") + ")")
              + "; sample more clients, or lower training.participation.quorum or drop-out",
          null);
    }
  }

  /** What is known of each client that answered, in the cohort's order. */
  List<ClientRow> rows() {
    return cohort.stream().map(rows::get).filter(Objects::nonNull).toList();
  }

  /** Sampled clients that did not, those of the selection first, then by number. */
  List<Absence> absences() {
    List<Absence> all = new ArrayList<>(selected);
    absences.stream().sorted(Comparator.comparing(Absence::client)).forEach(all::add);
    return all;
  }
}
