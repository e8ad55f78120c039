// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.adapter.Trained;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.script.TorchScript;
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
  private final ClientAdapters own;

  ChosenAdapter(
      RunParts parts,
      Ledger ledger,
      RunEvaluation evaluation,
      List<Integer> clients,
      ClientAdapters own) {
    this.parts = parts;
    this.experiment = parts.experiment();
    this.ledger = ledger;
    this.evaluation = evaluation;
    this.clients = clients;
    this.own = own;
  }

  /** Where it lies in the run directory. */
  String folder() {
    return own.besideCommon() ? ONE : EACH;
  }

  /**
   * Writes the adapters as they were after a round: the one for all, and clients' own.
   *
   * @return hash of the tensor file of the one for all; where there is none, of all the clients'
   */
  String write(int round) {
    MessageDigest common = sha256();
    MessageDigest each = sha256();
    for (int client : own.owners()) {
      write(EACH + "/client=" + client, own.of(client, round), round, each);
    }
    if (own.besideCommon()) {
      write(ONE, ledger.adapter(round), round, common);
    }
    return HexFormat.of().formatHex((own.besideCommon() ? common : each).digest());
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
