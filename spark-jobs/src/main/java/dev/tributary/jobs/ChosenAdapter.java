// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.adapter.Trained;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.training.Scenario;
import dev.tributary.jobs.experiment.Experiment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The result of a run as PEFT directories: one, or one for each client. */
final class ChosenAdapter {
  private static final String ONE = "adapter";
  private static final String EACH = "adapters";

  private final RunParts parts;
  private final Experiment experiment;
  private final Ledger ledger;
  private final RunEvaluation evaluation;
  private final List<Integer> clients;

  ChosenAdapter(RunParts parts, Ledger ledger, RunEvaluation evaluation, List<Integer> clients) {
    this.parts = parts;
    this.experiment = parts.experiment();
    this.ledger = ledger;
    this.evaluation = evaluation;
    this.clients = clients;
  }

  /** Where it lies in the run directory. */
  String folder() {
    return experiment.training().scenario() == Scenario.LOCAL ? EACH : ONE;
  }

  /**
   * Writes the adapter as it was after a round.
   *
   * @return hash of the tensor files
   */
  String write(int round) {
    MessageDigest all = sha256();
    if (folder().equals(ONE)) {
      write(ONE, ledger.adapter(round), round, all);
    } else {
      for (int client : clients) {
        write(EACH + "/client=" + client, ledger.adapterOf(client, round), round, all);
      }
    }
    return HexFormat.of().formatHex(all.digest());
  }

  private void write(String folder, NamedTensors state, int round, MessageDigest all) {
    AdapterMethod method = experiment.adapter().create();
    Trained trained =
        new Trained(method, parts.base().checkpoint().config(), state, TorchScript::encoded);
    parts
        .directory()
        .publish(
            folder, path -> PeftDirectory.write(path, trained, parts.base().name(), facts(round)));
    all.update(parts.directory().read(folder + "/" + PeftDirectory.TENSOR_FILE).orElseThrow());
  }

  /** Rows of the model card. */
  private Map<String, String> facts(int round) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("experiment", experiment.experiment());
    facts.put("run", parts.provenance().runId());
    facts.put("algorithm", experiment.training().algorithm().name());
    facts.put("scenario", experiment.training().scenario().name().toLowerCase(Locale.ROOT));
    facts.put("round", Integer.toString(round));
    facts.put("clients", Integer.toString(clients.size()));
    facts.put("corpus", experiment.data().corpus().name());
    facts.put("seed", Long.toString(experiment.seed()));
    if (!parts.base().source().equals(parts.base().name())) {
      facts.put("base", parts.base().source()); // the commit of a hub's model
    }
    evaluation
        .scores(round)
        .forEach(
            (task, score) -> {
              if (score.after().isPresent()) {
                facts.put(task, String.format(Locale.ROOT, "%.4f", score.after().getAsDouble()));
              }
            });
    return facts;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
