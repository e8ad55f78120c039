// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.corpus;

import dev.tributary.data.Corpus;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.text.InstructionExample;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Any records in JSON, CSV, Parquet or a table of Spark's, whatever their fields are called. */
public final class FieldCorpus implements Corpus {
  /** What the columns of every split are called; no field may be kept under such a name. */
  private static final Set<String> TAKEN =
      Set.of("example_id", "category", "instruction", "input", "output", "split", "client");

  /**
   * Which field holds what; one field may serve several times.
   *
   * @param instruction field of the instruction; text, in every record
   * @param input field of the input, then in every record; left out: {@code input} where it is and
   *     serves nothing else, otherwise inputs are empty
   * @param output field of the wanted answer; text, in every record
   * @param category field of the category, then in every record; left out: {@code category} where
   *     it is and serves nothing else, otherwise categories are empty
   */
  public record FieldMap(
      @Default("instruction") String instruction,
      @Default("''") String input,
      @Default("output") String output,
      @Default("''") String category)
      implements Serializable {
    public FieldMap {
      new Faults()
          .check(!instruction.isEmpty(), "instruction", "", "name the field of the instruction")
          .check(!output.isEmpty(), "output", "", "name the field of the answer")
          .throwIfAny();
    }

    /** The field of inputs, if any. */
    private Optional<Field> inputField() {
      if (!input.isEmpty()) {
        return Optional.of(Field.required(input));
      }
      return List.of(instruction, output, category).contains("input")
          ? Optional.empty()
          : Optional.of(Field.optional("input"));
    }

    /** The field of categories, if any. */
    private Optional<Field> categoryField() {
      if (!category.isEmpty()) {
        return Optional.of(new Field(category, Content.LABEL, Presence.REQUIRED));
      }
      return List.of(instruction, output, input).contains("category")
          ? Optional.empty()
          : Optional.of(new Field("category", Content.LABEL, Presence.OPTIONAL));
    }
  }

  /**
   * What the file may say beside the name.
   *
   * @param fields which field holds what
   * @param keep further fields that become columns of the split
   */
  public record Config(@Default("{}") FieldMap fields, @Default("[]") List<String> keep)
      implements Serializable {
    public Config {
      keep = List.copyOf(keep);
      Faults faults = new Faults();
      for (String field : keep) {
        faults.check(
            !TAKEN.contains(field) && !field.isBlank() && !field.matches("[_.].*"),
            "keep",
            field,
            "a split has a column of its own of that name; map the field instead");
      }
      faults
          .check(new HashSet<>(keep).size() == keep.size(), "keep", keep, "name each field once")
          .throwIfAny();
    }
  }

  private final Config config;
  private final Format format;
  private final Optional<Field> input;
  private final Optional<Field> category;

  /**
   * @param format of its files
   */
  public FieldCorpus(Config config, Format format) {
    this.config = config;
    this.format = format;
    this.input = config.fields().inputField();
    this.category = config.fields().categoryField();
  }

  @Override
  public Format format() {
    return format;
  }

  @Override
  public List<Field> fields() {
    FieldMap map = config.fields();
    List<Field> fields = new ArrayList<>();
    fields.add(Field.required(map.instruction()));
    fields.add(Field.required(map.output()));
    input.ifPresent(fields::add);
    category.ifPresent(fields::add);
    for (String kept : config.keep()) {
      fields.add(new Field(kept, Content.ANY, Presence.OPTIONAL));
    }
    return fields;
  }

  @Override
  public List<String> columns() {
    return config.keep();
  }

  @Override
  public InstructionExample example(SourceRecord record) {
    FieldMap map = config.fields();
    return new InstructionExample(
        "",
        text(record, category),
        record.text(map.instruction()),
        text(record, input),
        record.text(map.output()));
  }

  private static String text(SourceRecord record, Optional<Field> field) {
    return field.map(there -> record.text(there.name())).orElse("");
  }

  private abstract static class Named implements Corpus.Provider<Config> {
    private final Format format;

    Named(Format format) {
      this.format = format;
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Corpus create(Config config) {
      return new FieldCorpus(config, format);
    }
  }

  /** {@code corpus: json}. */
  public static final class Provider extends Named {
    public Provider() {
      super(Format.JSON);
    }

    @Override
    public String name() {
      return "json";
    }
  }

  /** {@code corpus: jsonl}; the same, as the content says whether it is an array or lines. */
  public static final class LinesProvider extends Named {
    public LinesProvider() {
      super(Format.JSON);
    }

    @Override
    public String name() {
      return "jsonl";
    }
  }

  /** {@code corpus: csv}; tabs stand between values where the file is called {@code .tsv}. */
  public static final class CsvProvider extends Named {
    public CsvProvider() {
      super(Format.CSV);
    }

    @Override
    public String name() {
      return "csv";
    }
  }

  /** {@code corpus: table}; {@code data.path} is its name. */
  public static final class TableProvider extends Named {
    public TableProvider() {
      super(Format.TABLE);
    }

    @Override
    public String name() {
      return "table";
    }
  }

  /** {@code corpus: parquet}. */
  public static final class ParquetProvider extends Named {
    public ParquetProvider() {
      super(Format.PARQUET);
    }

    @Override
    public String name() {
      return "parquet";
    }
  }
}
