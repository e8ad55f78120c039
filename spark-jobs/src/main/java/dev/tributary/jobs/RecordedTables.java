// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.aggregation.LayerReport;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.message.ClientReport;
import dev.tributary.fl.message.MessageSizes;
import dev.tributary.fl.sampling.Absence;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.run.Provenance;
import dev.tributary.jobs.run.RunResult;
import dev.tributary.jobs.table.AbsenceRow;
import dev.tributary.jobs.table.ClientRow;
import dev.tributary.jobs.table.LayerRow;
import dev.tributary.jobs.table.MessageRow;
import dev.tributary.jobs.table.RoundRow;
import dev.tributary.jobs.table.RunRow;
import dev.tributary.jobs.table.RunTables;
import dev.tributary.jobs.table.Table;
import dev.tributary.jobs.table.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/** A run's tables, made anew from its ledger and from what was measured. */
final class RecordedTables {
  private final RunParts parts;
  private final RunTables tables;

  RecordedTables(RunParts parts) {
    this.parts = parts;
    this.tables = new RunTables(parts.session(), parts.directory().location());
  }

  /**
   * Writes all tables.
   *
   * @param result of the run; empty before its end
   */
  void write(Ledger ledger, RunEvaluation evaluation, Optional<RunResult> result) {
    List<LedgerEntry> entries = ledger.entries();
    write(Tables.RUNS, List.of(run(ledger, result)));
    write(Tables.ROUNDS, entries.stream().map(RecordedTables::round).toList());
    write(
        Tables.CLIENTS,
        entries.stream()
            .flatMap(entry -> entry.clients().stream().map(c -> client(entry.round(), c)))
            .toList());
    write(
        Tables.ABSENCES,
        entries.stream()
            .flatMap(entry -> entry.absences().stream().map(a -> absence(entry.round(), a)))
            .toList());
    write(Tables.MESSAGES, entries.stream().flatMap(RecordedTables::messages).toList());
    write(
        Tables.LAYERS,
        entries.stream()
            .flatMap(entry -> entry.layers().stream().map(l -> layer(entry.round(), l)))
            .toList());
    write(Tables.EVALUATIONS, evaluation.figures());
    write(Tables.FAIRNESS, Fairness.of(evaluation.figures(), evaluation::better));
    Provenance provenance = parts.provenance();
    for (int round : evaluation.takeChanged()) { // their prompts are many and long
      tables.writeRound(
          Tables.ANSWERS,
          provenance.runId(),
          provenance.experiment(),
          round,
          evaluation.answers(round));
    }
  }

  private <R extends Record> void write(Table<R> table, List<R> rows) {
    Provenance run = parts.provenance();
    tables.write(table, run.runId(), run.experiment(), rows);
  }

  private RunRow run(Ledger ledger, Optional<RunResult> result) {
    Experiment experiment = parts.experiment();
    Provenance run = parts.provenance();
    long trained = ledger.lastRound() == 0 ? 0 : ledger.adapter(ledger.lastRound()).elements();
    String commit = run.process().gitCommit();
    return new RunRow(
        run.identity(),
        run.seed(),
        label(experiment.training().scenario()),
        experiment.training().algorithm().name(),
        experiment.adapter().name(),
        run.checkpoint(),
        run.checkpointSha256(),
        experiment.model().dtype().label(),
        experiment.data().corpus().name(),
        experiment.data().splitter().name(),
        run.dataSha256(),
        parts.split().clients(),
        parts.split().manifest().examples().getOrDefault(ClientExamples.TRAIN, 0L),
        trained,
        experiment.training().rounds(),
        ledger.lastRound(),
        result.map(RunResult::chosenRound),
        result.map(RunResult::sha256),
        run.device(),
        run.threadsPerClient(),
        run.master(),
        run.process().host(),
        commit.isEmpty() ? Optional.empty() : Optional.of(commit),
        run.process().tributaryVersion(),
        run.process().sparkVersion(),
        run.process().javaVersion(),
        Instant.parse(run.startedAt()),
        result.map(r -> Instant.parse(r.finishedAt())));
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static RoundRow round(LedgerEntry entry) {
    return new RoundRow(
        entry.round(),
        entry.clients().size(),
        entry.absences().size(),
        entry.firstLoss(),
        entry.meanLoss(),
        sum(entry, c -> c.report().examplesSeen()),
        sum(entry, c -> c.report().steps()),
        sum(entry, c -> c.report().tokens()),
        sum(entry, c -> c.report().labels()),
        sum(entry, LedgerEntry.ClientRow::downloadBytes),
        sum(entry, LedgerEntry.ClientRow::uploadBytes),
        entry.trainSeconds(),
        idleShare(entry),
        entry.aggregateSeconds(),
        entry.adapterSha256(),
        Instant.parse(entry.committedAt()));
  }

  /** Slots that there were, less the time that clients took of it. */
  private static double idleShare(LedgerEntry entry) {
    double all = entry.slots() * entry.trainSeconds();
    double used = entry.clients().stream().mapToDouble(c -> c.wallSeconds()).sum();
    return all <= 0 ? 0 : Math.max(0, Math.min(1, 1 - used / all));
  }

  private static long sum(LedgerEntry entry, ToLongFunction<LedgerEntry.ClientRow> of) {
    return entry.clients().stream().mapToLong(of).sum();
  }

  private static AbsenceRow absence(int round, Absence absence) {
    return new AbsenceRow(
        round,
        absence.client(),
        label(absence.cause()),
        absence.reason(),
        absence.simulatedSeconds());
  }

  private static Stream<MessageRow> messages(LedgerEntry entry) {
    List<MessageRow> rows = new ArrayList<>();
    for (LedgerEntry.ClientRow client : entry.clients()) {
      MessageSizes down = entry.download();
      long kept = client.downloadBytes() - down.whole();
      add(rows, entry.round(), client.client(), "download", down, kept, client.downloadBytes());
      MessageSizes up = client.upload();
      add(rows, entry.round(), client.client(), "upload", up, up.kept(), up.whole());
    }
    return rows.stream();
  }

  private static void add(
      List<MessageRow> rows,
      int round,
      int client,
      String direction,
      MessageSizes sizes,
      long kept,
      long whole) {
    Map<String, Long> stages = new LinkedHashMap<>();
    stages.put("numbers", sizes.values());
    if (!sizes.format().equals("float32")) {
      stages.put(sizes.format(), sizes.formatted());
    }
    if (!sizes.compression().isEmpty()) {
      stages.put(sizes.compression(), sizes.compressed());
    }
    if (kept > 0) {
      stages.put("kept", kept);
    }
    stages.put("message", whole);
    int stage = 0;
    for (Map.Entry<String, Long> each : stages.entrySet()) {
      rows.add(new MessageRow(round, client, direction, stage++, each.getKey(), each.getValue()));
    }
  }

  private static LayerRow layer(int round, LayerReport report) {
    return new LayerRow(
        round,
        report.layer(),
        report.rank(),
        report.heldRank(),
        report.updateNorm(),
        report.bias(),
        report.factorBias(),
        report.discardedEnergy());
  }

  private static ClientRow client(int round, LedgerEntry.ClientRow row) {
    ClientReport report = row.report();
    return new ClientRow(
        round,
        row.client(),
        row.weight(),
        row.share(),
        report.examplesSeen(),
        report.dataSize(),
        report.skippedExamples(),
        report.cutExamples(),
        report.steps(),
        report.skippedSteps(),
        report.clippedSteps(),
        report.tokens(),
        report.labels(),
        report.firstLoss(),
        report.meanLoss(),
        row.downloadBytes(),
        row.uploadBytes(),
        row.executor(),
        row.wallSeconds(),
        row.peakMemoryBytes());
  }
}
