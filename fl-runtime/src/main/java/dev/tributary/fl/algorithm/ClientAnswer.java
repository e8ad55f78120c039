// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.message.ClientReport;
import java.util.Map;

/**
 * What a client's half gives back.
 *
 * @param upload for the server, by part; {@link FederatedAlgorithm#ADAPTER} where it is the trained
 *     adapter
 * @param keep for this client's own next round, by part; never aggregated
 * @param report of its training
 */
public record ClientAnswer(
    Map<String, NamedTensors> upload, Map<String, NamedTensors> keep, ClientReport report) {
  public ClientAnswer {
    upload = Map.copyOf(upload);
    keep = Map.copyOf(keep);
  }
}
