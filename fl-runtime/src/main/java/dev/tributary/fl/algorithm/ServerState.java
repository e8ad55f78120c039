// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * All that the server knows after a round.
 *
 * @param adapter the global adapter: sent to clients, evaluated, exported
 * @param shared what clients are sent beside it, by name (a control variate)
 * @param own what stays with the server, by name (moments of a server optimiser)
 */
public record ServerState(
    NamedTensors adapter, Map<String, NamedTensors> shared, Map<String, NamedTensors> own) {
  private static final String SHARED = "shared/";
  private static final String OWN = "own/";

  public ServerState {
    shared = Map.copyOf(shared);
    own = Map.copyOf(own);
  }

  /** A state of the adapter alone. */
  public static ServerState of(NamedTensors adapter) {
    return new ServerState(adapter, Map.of(), Map.of());
  }

  /** The same with another adapter. */
  public ServerState withAdapter(NamedTensors other) {
    return new ServerState(other, shared, own);
  }

  /** What clients are sent, as the parts of a message. */
  public Map<String, NamedTensors> sentParts() {
    Map<String, NamedTensors> parts = new LinkedHashMap<>();
    parts.put(FederatedAlgorithm.ADAPTER, adapter);
    shared.keySet().stream().sorted().forEach(n -> parts.put(SHARED + n, shared.get(n)));
    return parts;
  }

  /** Everything, as the parts of a message. */
  public Map<String, NamedTensors> allParts() {
    Map<String, NamedTensors> parts = sentParts();
    own.keySet().stream().sorted().forEach(n -> parts.put(OWN + n, own.get(n)));
    return parts;
  }

  /** What {@link #sentParts} or {@link #allParts} gave. */
  public static ServerState ofParts(Map<String, NamedTensors> parts) {
    return new ServerState(
        parts.getOrDefault(FederatedAlgorithm.ADAPTER, new NamedTensors(Map.of())),
        below(SHARED, parts),
        below(OWN, parts));
  }

  private static Map<String, NamedTensors> below(String prefix, Map<String, NamedTensors> parts) {
    Map<String, NamedTensors> found = new LinkedHashMap<>();
    parts.forEach(
        (name, tensors) -> {
          if (name.startsWith(prefix)) {
            found.put(name.substring(prefix.length()), tensors);
          }
        });
    return found;
  }
}
