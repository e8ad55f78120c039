// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.corpus;

import dev.tributary.data.Corpus;
import dev.tributary.fl.text.InstructionExample;
import java.util.List;

/**
 * Stanford Alpaca and those that keep its layout: {@code instruction}, {@code input} (often empty),
 * {@code output}. Alpaca and AlpacaCleaned have no categories; CodeAlpaca's are what {@link
 * ProgrammingLanguage} tells; Rosetta Alpaca's stand in the input, as FS-LLM takes them.
 */
public final class Alpaca implements Corpus {
  /** Where a record's category is from. */
  private enum Category {
    NONE,
    DETECTED_LANGUAGE,
    INPUT
  }

  private final Category category;

  private Alpaca(Category category) {
    this.category = category;
  }

  @Override
  public List<Field> fields() {
    return List.of(
        Field.required("instruction"), Field.optional("input"), Field.required("output"));
  }

  @Override
  public InstructionExample example(SourceRecord record) {
    String instruction = record.text("instruction");
    String input = record.text("input");
    String output = record.text("output");
    String of =
        switch (category) {
          case NONE -> "";
          case DETECTED_LANGUAGE -> ProgrammingLanguage.of(instruction, input, output);
          case INPUT -> input;
        };
    return new InstructionExample("", of, instruction, input, output);
  }

  private abstract static class Named implements Corpus.Provider<NoSettings> {
    private final Category category;

    Named(Category category) {
      this.category = category;
    }

    @Override
    public Class<NoSettings> configType() {
      return NoSettings.class;
    }

    @Override
    public Corpus create(NoSettings config) {
      return new Alpaca(category);
    }
  }

  /** {@code corpus: alpaca}. */
  public static final class Provider extends Named {
    public Provider() {
      super(Category.NONE);
    }

    @Override
    public String name() {
      return "alpaca";
    }
  }

  /** {@code corpus: alpaca-cleaned}. */
  public static final class CleanedProvider extends Named {
    public CleanedProvider() {
      super(Category.NONE);
    }

    @Override
    public String name() {
      return "alpaca-cleaned";
    }
  }

  /** {@code corpus: code-alpaca}. */
  public static final class CodeProvider extends Named {
    public CodeProvider() {
      super(Category.DETECTED_LANGUAGE);
    }

    @Override
    public String name() {
      return "code-alpaca";
    }
  }

  /** {@code corpus: rosetta-alpaca}. */
  public static final class RosettaProvider extends Named {
    public RosettaProvider() {
      super(Category.INPUT);
    }

    @Override
    public String name() {
      return "rosetta-alpaca";
    }
  }
}
