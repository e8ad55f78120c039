// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.corpus;

import dev.tributary.data.Corpus;
import dev.tributary.fl.text.InstructionExample;
import java.util.List;

/**
 * Stanford Alpaca and those that keep its layout, AlpacaCleaned and CodeAlpaca: {@code
 * instruction}, {@code input} (often empty), {@code output}; no categories.
 */
public final class Alpaca implements Corpus {
  @Override
  public List<Field> fields() {
    return List.of(
        Field.required("instruction"), Field.optional("input"), Field.required("output"));
  }

  @Override
  public InstructionExample example(SourceRecord record) {
    return new InstructionExample(
        "", "", record.text("instruction"), record.text("input"), record.text("output"));
  }

  private abstract static class Named implements Corpus.Provider<NoSettings> {
    @Override
    public Class<NoSettings> configType() {
      return NoSettings.class;
    }

    @Override
    public Corpus create(NoSettings config) {
      return new Alpaca();
    }
  }

  /** {@code corpus: alpaca}. */
  public static final class Provider extends Named {
    @Override
    public String name() {
      return "alpaca";
    }
  }

  /** {@code corpus: alpaca-cleaned}. */
  public static final class CleanedProvider extends Named {
    @Override
    public String name() {
      return "alpaca-cleaned";
    }
  }

  /** {@code corpus: code-alpaca}. */
  public static final class CodeProvider extends Named {
    @Override
    public String name() {
      return "code-alpaca";
    }
  }
}
