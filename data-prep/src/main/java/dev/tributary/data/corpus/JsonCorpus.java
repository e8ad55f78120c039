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
import java.util.Set;

/** Any JSON records, whatever their fields are called. */
public final class JsonCorpus implements Corpus {
  /** What the columns of every split are called; no field may be kept under such a name. */
  private static final Set<String> TAKEN =
      Set.of("example_id", "category", "instruction", "input", "output", "split", "client");

  /**
   * Which field holds what.
   *
   * @param instruction field of the instruction; text, in every record
   * @param input field of the input, then in every record; left out: {@code input} where it is
   * @param output field of the wanted answer; text, in every record
   * @param category field of the category, then in every record; left out: {@code category} where
   *     it is
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

  public JsonCorpus(Config config) {
    this.config = config;
  }

  @Override
  public List<Field> fields() {
    FieldMap map = config.fields();
    List<Field> fields = new ArrayList<>();
    fields.add(Field.required(map.instruction()));
    fields.add(Field.required(map.output()));
    fields.add(map.input().isEmpty() ? Field.optional("input") : Field.required(map.input()));
    fields.add(
        map.category().isEmpty()
            ? new Field("category", Content.LABEL, Presence.OPTIONAL)
            : new Field(map.category(), Content.LABEL, Presence.REQUIRED));
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
        record.text(map.category().isEmpty() ? "category" : map.category()),
        record.text(map.instruction()),
        record.text(map.input().isEmpty() ? "input" : map.input()),
        record.text(map.output()));
  }

  private abstract static class Named implements Corpus.Provider<Config> {
    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Corpus create(Config config) {
      return new JsonCorpus(config);
    }
  }

  /** {@code corpus: json}. */
  public static final class Provider extends Named {
    @Override
    public String name() {
      return "json";
    }
  }

  /** {@code corpus: jsonl}; the same, as the content says whether it is an array or lines. */
  public static final class LinesProvider extends Named {
    @Override
    public String name() {
      return "jsonl";
    }
  }
}
