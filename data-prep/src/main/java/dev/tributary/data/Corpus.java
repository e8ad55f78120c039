// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.text.InstructionExample;
import java.util.List;

/**
 * A published corpus: which fields of its records make an instruction example, and of what format
 * its files are.
 *
 * <p>Made anew on every executor from its configuration; used by one thread at a time.
 */
public interface Corpus {
  /**
   * The fields that are read; all others of a record are passed over. A field that is named several
   * times must suit each time.
   */
  List<Field> fields();

  /** Further columns of the split, text all of them: each the name of one of {@link #fields()}. */
  default List<String> columns() {
    return List.of();
  }

  /** Of what format its files are. */
  default Format format() {
    return Format.JSON;
  }

  /**
   * Whether a file of a folder belongs to the corpus; those of another format are not asked for.
   *
   * @param path in the folder, beginning with {@code /}
   */
  default boolean reads(String path) {
    return true;
  }

  /**
   * The share of each category's examples that is taken, in (0, 1]; which ones, their identity and
   * the experiment's seed decide.
   */
  default double share() {
    return 1;
  }

  /**
   * What a record says.
   *
   * @param record has every required field
   * @return with any id; the identity is derived from the other components later
   */
  InstructionExample example(SourceRecord record);

  /** The fields of one record. */
  interface SourceRecord {
    /**
     * A field's text; empty where an optional field is absent or null.
     *
     * @param field one of {@link Corpus#fields()}
     */
    String text(String field);
  }

  /** Formats of files. */
  enum Format {
    /** Arrays or lines, which of them their content says; plain or compressed. */
    JSON("*.json, *.jsonl or *.ndjson (plain, .gz, .bz2, .xz or .zst)"),
    /** With names of the columns in the first line; plain or compressed. */
    CSV("*.csv or *.tsv (plain, .gz, .bz2, .xz or .zst)"),
    PARQUET("*.parquet"),
    /** No files, but a table or view of Spark's, which {@code data.path} names. */
    TABLE("");

    private final String files;

    Format(String files) {
      this.files = files;
    }

    /** Names of such files, in words. */
    String files() {
      return files;
    }
  }

  /** What a field may hold, from the strictest to the freest. */
  enum Content {
    /** Text only. */
    TEXT,
    /** Text, number, true or false, taken as it is spelt. */
    LABEL,
    /** Anything; what is no text is kept as JSON. */
    ANY
  }

  /** Whether a record may lack a field. */
  enum Presence {
    REQUIRED,
    OPTIONAL
  }

  /** A field of the source. */
  record Field(String name, Content content, Presence presence) {
    public static Field required(String name) {
      return new Field(name, Content.TEXT, Presence.REQUIRED);
    }

    public static Field optional(String name) {
      return new Field(name, Content.TEXT, Presence.OPTIONAL);
    }
  }

  /** Found by {@link java.util.ServiceLoader}; chosen by {@code data.corpus}. */
  interface Provider<C extends Record> extends dev.tributary.fl.config.Provider<Corpus, C> {}
}
