// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.ledger;

import dev.tributary.fl.aggregation.LayerReport;
import dev.tributary.fl.message.ClientReport;
import dev.tributary.fl.message.MessageSizes;
import dev.tributary.fl.sampling.Absence;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is written down of a round beside its tensors: {@code entry.json}. Seconds, bytes of memory
 * and host names differ from run to run; all else comes back.
 *
 * @param version of this layout, 2
 * @param round counted from 1
 * @param scenario federated, global or local
 * @param algorithm its name in the experiment file
 * @param clients in the cohort's order
 * @param absences sampled clients whose answers do not count
 * @param firstLoss mean negative log-likelihood per label of the clients' first batches, weighted
 *     by their labels in the round: the training loss of the state before the round
 * @param meanLoss the same over all batches
 * @param layers how low-rank updates became one; empty where that was not measured
 * @param download what the bytes of the global state come from, as sent to each client
 * @param adapterSha256 of the global adapter after the round: names, shapes and values
 * @param kept round of the entry that holds what each client kept last
 * @param slots clients that could train at once when the round began
 * @param trainSeconds from the order to the last answer
 * @param aggregateSeconds from there to the new state
 * @param committedAt ISO-8601, UTC
 */
public record LedgerEntry(
    int version,
    int round,
    String scenario,
    String algorithm,
    List<ClientRow> clients,
    List<Absence> absences,
    double firstLoss,
    double meanLoss,
    List<LayerReport> layers,
    MessageSizes download,
    String adapterSha256,
    Map<Integer, Integer> kept,
    int slots,
    double trainSeconds,
    double aggregateSeconds,
    String committedAt) {
  public static final int VERSION = 2;

  public LedgerEntry {
    clients = List.copyOf(clients);
    layers = List.copyOf(layers);
    absences = List.copyOf(absences);
    kept = Collections.unmodifiableMap(new TreeMap<>(kept));
  }

  /**
   * A client's part in the round.
   *
   * @param weight what its share of the aggregate is proportional to
   * @param share of the aggregate, in (0, 1]; 0 where nothing is aggregated
   * @param report of its training
   * @param downloadBytes of the global state and of what it kept, as sent to it
   * @param uploadBytes of its answer
   * @param upload what its answer's bytes come from
   * @param executor where it ran; empty if not known
   * @param wallSeconds of the attempt that succeeded; 0 if not known
   * @param peakMemoryBytes of the process it ran in; 0 if not known
   */
  public record ClientRow(
      int client,
      double weight,
      double share,
      ClientReport report,
      long downloadBytes,
      long uploadBytes,
      MessageSizes upload,
      String executor,
      double wallSeconds,
      long peakMemoryBytes) {
    public ClientRow withShare(double newShare) {
      return new ClientRow(
          client,
          weight,
          newShare,
          report,
          downloadBytes,
          uploadBytes,
          upload,
          executor,
          wallSeconds,
          peakMemoryBytes);
    }
  }
}
