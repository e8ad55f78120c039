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
 * What must be known of a piece's records to deal them out: 32 bytes each, in the order of the
 * file. A plain class, as it is a task's result: Kryo, where a cluster is set to it, cannot read
 * records.
 */
final class Survey implements Serializable {
  private static final long serialVersionUID = 1;

  /** Broken records of each reason that are described; the others are only counted. */
  static final int DESCRIBED = 3;

  private long[] highs = new long[256];
  private long[] lows = new long[256];
  private long[] rests = new long[256];
  private int[] categories = new int[256];
  private int[] labels = new int[256];
  private int size;
  private final Names categoryNames = new Names();
  private final Names labelNames = new Names();
  private final HashMap<String, Long> broken = new HashMap<>();
  private final ArrayList<BrokenRecord> described = new ArrayList<>();
  private final HashMap<Blemish, BitSet> blemishes = new HashMap<>();
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
   * @param inspector of examples
   */
  static Survey of(
      PieceReader reader,
      Corpus corpus,
      String label,
      DataConfig.BrokenRecords brokenRecords,
      Inspector inspector)
      throws IOException {
    Survey survey = new Survey();
    ExampleHash hash = new ExampleHash();
    int labelColumn = corpus.columns().indexOf(label); // -1: the category
    for (Optional<Outcome> next = reader.next(); next.isPresent(); next = reader.next()) {
      if (next.get() instanceof Read read) {
        String category = read.example().category();
        hash.of(read.example());
        int place =
            survey.add(
                hash.high(),
                hash.low(),
                rest(read.columns()),
                category,
                labelColumn < 0 ? category : read.columns().get(labelColumn));
        inspector.blemishes(read.example()).forEach(blemish -> survey.set(blemish, place, true));
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

  /** To be filled by {@link #add}, where hashes are known already. */
  static Survey empty() {
    return new Survey();
  }

  /**
   * Adds an example.
   *
   * @param rest a hash of what is kept beside the mapped fields
   * @return its place, from 0
   */
  int add(long high, long low, long rest, String category, String label) {
    if (size == highs.length) {
      resize(size + size / 2);
    }
    highs[size] = high;
    lows[size] = low;
    rests[size] = rest;
    categories[size] = categoryNames.code(category);
    labels[size] = labelNames.code(label);
    return size++;
  }

  void set(Blemish blemish, int place, boolean has) {
    blemishes.computeIfAbsent(blemish, b -> new BitSet()).set(place, has);
  }

  /** FNV-1a over the characters, and a mark behind each column. */
  private static long rest(List<String> columns) {
    long hash = 0xcbf29ce484222325L;
    for (String column : columns) {
      for (int i = 0; i < column.length(); i++) {
        hash = (hash ^ column.charAt(i)) * 0x100000001b3L;
      }
      hash = (hash ^ 0x10000) * 0x100000001b3L;
    }
    return hash;
  }

  private void add(BrokenRecord record) {
    if (broken.merge(record.reason().label(), 1L, Long::sum) <= DESCRIBED) {
      described.add(record);
    }
  }

  private void resize(int length) {
    highs = Arrays.copyOf(highs, length);
    lows = Arrays.copyOf(lows, length);
    rests = Arrays.copyOf(rests, length);
    categories = Arrays.copyOf(categories, length);
    labels = Arrays.copyOf(labels, length);
  }

  /** Frees what was taken for more examples. */
  void trim() {
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

  /** Hashes of what is kept beside the mapped fields. */
  long[] rests() {
    return rests;
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

  /** Those that have a blemish, by their place. */
  BitSet having(Blemish blemish) {
    return blemishes.getOrDefault(blemish, new BitSet());
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
          "data.splitter.by",
          label,
          "corpus "
              + corpusName
              + " has the columns "
              + there
              + "; name one of them"
              + (corpus.fields().stream().map(Field::name).anyMatch(label::equals)
                  ? ""
                  : ", or keep the field with corpus: {name: jsonl (json, csv, parquet, table), fields:"
                      + " {instruction: ..., output: ...}, keep: ["
                      + label
                      + "]}"));
    }
  }
}
