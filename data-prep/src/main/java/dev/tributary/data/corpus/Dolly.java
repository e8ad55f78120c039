// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.corpus;

import dev.tributary.data.Corpus;
import dev.tributary.fl.text.InstructionExample;
import java.util.List;

/**
 * databricks-dolly-15k: {@code instruction}, {@code context}, {@code response}, and one of eight
 * values of {@code category}.
 */
public final class Dolly implements Corpus {
  @Override
  public List<Field> fields() {
    return List.of(
        Field.required("instruction"),
        Field.optional("context"),
        Field.required("response"),
        Field.required("category"));
  }

  @Override
  public InstructionExample example(SourceRecord record) {
    return new InstructionExample(
        "",
        record.text("category"),
        record.text("instruction"),
        record.text("context"),
        record.text("response"));
  }

  /** {@code corpus: dolly}. */
  public static final class Provider implements Corpus.Provider<NoSettings> {
    @Override
    public String name() {
      return "dolly";
    }

    @Override
    public Class<NoSettings> configType() {
      return NoSettings.class;
    }

    @Override
    public Corpus create(NoSettings config) {
      return new Dolly();
    }
  }
}
