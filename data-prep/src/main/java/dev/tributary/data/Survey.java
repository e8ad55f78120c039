// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.data.Corpus.Field;
import dev.tributary.data.RecordParser.Broken;
import dev.tributary.data.RecordParser.Outcome;
import dev.tributary.data.RecordParser.Read;
import dev.tributary.fl.config.ConfigException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What must be known of a piece's records to deal them out: 24 bytes each, in the order of the
 * file. A plain class, as it is a task's result: Kryo, where a cluster is set to it, cannot read
 * records.
 */
final class Survey implements Serializable {
  private static final long serialVersionUID = 1;

  /** Broken records of each reason that are described; the others are only counted. */
  static final int DESCRIBED = 3;

  private long[] highs = new long[256];
  private long[] lows = new long[256];
  private int[] categories = new int[256];
  private int[] labels = new int[256];
  private int size;
  private final Names categoryNames = new Names();
  private final Names labelNames = new Names();
  private final HashMap<String, Long> broken = new HashMap<>();
  private final ArrayList<BrokenRecord> described = new ArrayList<>();
  private final BitSet emptyAnswers = new BitSet();
  private long lines;

  private Survey() {}

  /** Numbers for texts, in the order in which they are met. */
  static final class Names implements Serializable {
    private static final long serialVersionUID = 1;

    private final HashMap<String, Integer> codes = new HashMap<>();
    private final ArrayList<String> names = new ArrayList<>();

    int code(String name) {
      Integer known = codes.get(name);
      if (known != null) {
        return known;
      }
      codes.put(name, names.size());
      names.add(name);
      return names.size() - 1;
    }

    List<String> names() {
      return names;
    }
  }

  /**
   * Reads a piece to its end, or to its first broken record if those are not to be skipped.
   *
   * @param label column of the labels: {@code category} or one of the corpus's own
   */
  static Survey of(
      PieceReader reader, Corpus corpus, String label, DataConfig.BrokenRecords brokenRecords)
      throws IOException {
    Survey survey = new Survey();
    ExampleHash hash = new ExampleHash();
    int labelColumn = corpus.columns().indexOf(label); // -1: the category
    for (Optional<Outcome> next = reader.next(); next.isPresent(); next = reader.next()) {
      if (next.get() instanceof Read read) {
        String category = read.example().category();
        hash.of(read.example());
        survey.add(
            hash,
            survey.categoryNames.code(category),
            survey.labelNames.code(labelColumn < 0 ? category : read.columns().get(labelColumn)));
        survey.emptyAnswers.set(survey.size - 1, read.example().output().isBlank());
      } else if (next.get() instanceof Broken broken) {
        survey.add(broken.record());
        if (brokenRecords == DataConfig.BrokenRecords.FAIL
            || broken.record().reason() == BrokenRecord.Reason.UNREADABLE_REST) {
          break;
        }
      }
    }
    survey.lines = reader.lines();
    survey.trim();
    return survey;
  }

  private void add(ExampleHash hash, int category, int label) {
    if (size == highs.length) {
      resize(size + size / 2);
    }
    highs[size] = hash.high();
    lows[size] = hash.low();
    categories[size] = category;
    labels[size] = label;
    size++;
  }

  private void add(BrokenRecord record) {
    if (broken.merge(record.reason().label(), 1L, Long::sum) <= DESCRIBED) {
      described.add(record);
    }
  }

  private void resize(int length) {
    highs = Arrays.copyOf(highs, length);
    lows = Arrays.copyOf(lows, length);
    categories = Arrays.copyOf(categories, length);
    labels = Arrays.copyOf(labels, length);
  }

  private void trim() {
    resize(size);
  }

  int size() {
    return size;
  }

  long[] highs() {
    return highs;
  }

  long[] lows() {
    return lows;
  }

  /** By {@link #categoryNames()}. */
  int[] categories() {
    return categories;
  }

  List<String> categoryNames() {
    return categoryNames.names();
  }

  /** By {@link #labelNames()}. */
  int[] labels() {
    return labels;
  }

  List<String> labelNames() {
    return labelNames.names();
  }

  /** How many records are broken, by the label of the reason. */
  Map<String, Long> broken() {
    return broken;
  }

  /** The first few broken records of each reason. */
  List<BrokenRecord> described() {
    return described;
  }

  /** How many lines were read: those in front of the file's next piece. */
  long lines() {
    return lines;
  }

  /** Those that have no answer, by their place. */
  BitSet emptyAnswers() {
    return emptyAnswers;
  }

  /**
   * Checks that labels can be read from a column.
   *
   * @throws ConfigException if the corpus has no such column
   */
  static void checkColumn(String label, Corpus corpus, String corpusName) {
    if (!label.equals("category") && !corpus.columns().contains(label)) {
      List<String> there = new ArrayList<>(List.of("category"));
      there.addAll(corpus.columns());
      throw new ConfigException(
          "splitter.by",
          label,
          "corpus "
              + corpusName
              + " has the columns "
              + there
              + "; name one of them"
              + (corpus.fields().stream().map(Field::name).anyMatch(label::equals)
                  ? ""
                  : ", or keep the field with corpus: {name: jsonl, keep: [" + label + "]}"));
    }
  }
}
