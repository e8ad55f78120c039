// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.ledger.Sha256;
import dev.tributary.fl.ledger.Store;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was measured already, so that a run that goes on does not measure it again: beside the
 * ledger's entries, a file for each round, adapter and task. A task whose settings or questions
 * have changed is another task; what the former one found stays. Figures are held in memory,
 * answers stay on disk. By one thread, on the driver.
 */
public final class Evaluations {
  private static final Logger LOG = LoggerFactory.getLogger(Evaluations.class);
  private static final String FOLDER = "evaluations";
  private static final String ANSWERS = "# answers"; // no row begins so

  /**
   * What one task found.
   *
   * @param file holds the answers too
   */
  public record Noted(int round, List<EvaluationRow> figures, String file) {
    public Noted {
      figures = List.copyOf(figures);
    }
  }

  private final Store store;
  private final SortedMap<String, Noted> byFile = new TreeMap<>();

  Evaluations(Store store) {
    this.store = store;
    for (String name : store.list(FOLDER)) {
      if (name.matches("round=\\d+-.*\\.jsonl")) {
        read(FOLDER + "/" + name).ifPresent(noted -> byFile.put(noted.file(), noted));
      }
    }
  }

  private Optional<Noted> read(String file) {
    try {
      List<EvaluationRow> figures = JsonRecords.rows(parts(file)[0], EvaluationRow.class);
      int round = Integer.parseInt(file.replaceFirst(".*/round=(\\d+)-.*", "$1"));
      return Optional.of(new Noted(round, figures, file));
    } catch (IllegalArgumentException e) {
      LOG.warn("The evaluation {} is damaged ({}); it is made again", file, e.getMessage());
      return Optional.empty();
    }
  }

  /** Figures and answers of a file. */
  private byte[][] parts(String file) {
    String text = new String(store.read(file), StandardCharsets.UTF_8);
    int answers = text.indexOf(ANSWERS);
    if (answers < 0) {
      throw new IllegalArgumentException("it is cut");
    }
    String after = text.substring(answers).lines().skip(1).collect(Collectors.joining("\n"));
    return new byte[][] {
      text.substring(0, answers).getBytes(StandardCharsets.UTF_8),
      after.getBytes(StandardCharsets.UTF_8)
    };
  }

  /**
   * What was found, if it was measured.
   *
   * @param questions a hash of what is asked; empty text where the run's own data are
   */
  public Optional<Noted> find(Measured run, Choice<Task> task, String questions) {
    return Optional.ofNullable(byFile.get(file(run, task, questions)));
  }

  /** All that was measured after a round, in no meaningful but always the same order. */
  public List<Noted> after(int round) {
    return byFile.values().stream().filter(noted -> noted.round() == round).toList();
  }

  /** The answers behind figures, in the order of the questions; read from disk. */
  public List<AnswerRow> answers(Noted noted) {
    return JsonRecords.rows(parts(noted.file())[1], AnswerRow.class);
  }

  /** Notes what was found; on disk when this returns. */
  public Noted put(
      Measured run,
      Choice<Task> task,
      String questions,
      List<EvaluationRow> figures,
      List<AnswerRow> answers) {
    List<byte[]> parts = new ArrayList<>();
    parts.add(JsonRecords.lines(figures));
    parts.add((ANSWERS + "\n").getBytes(StandardCharsets.UTF_8));
    parts.add(JsonRecords.lines(answers));
    byte[] all = new byte[parts.stream().mapToInt(part -> part.length).sum()];
    int at = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    Noted noted = new Noted(run.round(), figures, file(run, task, questions));
    store.write(noted.file(), all);
    byFile.put(noted.file(), noted);
    return noted;
  }

  private static String file(Measured run, Choice<Task> task, String questions) {
    String what =
        String.join(
            "\n",
            run.adapter(),
            task.name(),
            task.config().toString(), // a record's: all its values
            Double.toString(run.maxNotRun()),
            questions);
    String hash = Sha256.of(what.getBytes(StandardCharsets.UTF_8)).substring(0, 16);
    return "%s/round=%05d-%s.jsonl".formatted(FOLDER, run.round(), hash);
  }
}
