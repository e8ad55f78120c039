// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.ledger.Store;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was measured already, so that a run that goes on does not measure it again: beside the
 * ledger's entries, a file for each round, adapter and task. A task whose settings have changed is
 * another task.
 */
public final class Evaluations {
  private static final Logger LOG = LoggerFactory.getLogger(Evaluations.class);
  private static final String FOLDER = "evaluations";
  private static final String ANSWERS = "# answers"; // no row begins so

  /** What one task found. */
  public record Rows(List<EvaluationRow> figures, List<AnswerRow> answers) {
    public Rows {
      figures = List.copyOf(figures);
      answers = List.copyOf(answers);
    }
  }

  private final Store store;

  Evaluations(Store store) {
    this.store = store;
  }

  /** What was found, if it was measured. */
  public Optional<Rows> find(Measured run, Choice<Task> task) {
    String file = file(run, task);
    if (!store.exists(file)) {
      return Optional.empty();
    }
    String text = new String(store.read(file), StandardCharsets.UTF_8);
    int answers = text.indexOf(ANSWERS);
    try {
      if (answers < 0) {
        throw new IllegalArgumentException("it is cut");
      }
      byte[] figures = text.substring(0, answers).getBytes(StandardCharsets.UTF_8);
      String after = text.substring(answers).lines().skip(1).collect(Collectors.joining("\n"));
      return Optional.of(
          new Rows(
              JsonRecords.rows(figures, EvaluationRow.class),
              JsonRecords.rows(after.getBytes(StandardCharsets.UTF_8), AnswerRow.class)));
    } catch (IllegalArgumentException e) {
      LOG.warn("The evaluation {} is damaged ({}); it is made again", file, e.getMessage());
      return Optional.empty();
    }
  }

  /** Notes what was found; on disk when this returns. */
  public void put(Measured run, Choice<Task> task, Rows rows) {
    List<byte[]> parts = new ArrayList<>();
    parts.add(JsonRecords.lines(rows.figures()));
    parts.add((ANSWERS + "\n").getBytes(StandardCharsets.UTF_8));
    parts.add(JsonRecords.lines(rows.answers()));
    byte[] all = new byte[parts.stream().mapToInt(part -> part.length).sum()];
    int at = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    store.write(file(run, task), all);
  }

  private static String file(Measured run, Choice<Task> task) {
    String what =
        String.join(
            "\n",
            run.adapter(),
            task.name(),
            task.config().toString(), // a record's: all its values
            Double.toString(run.maxNotRun()));
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(what.getBytes(StandardCharsets.UTF_8));
      return "%s/round=%05d-%s.jsonl"
          .formatted(FOLDER, run.round(), HexFormat.of().formatHex(hash).substring(0, 16));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
