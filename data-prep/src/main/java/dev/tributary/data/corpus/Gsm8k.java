// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.corpus;

import dev.tributary.data.Corpus;
import dev.tributary.fl.text.InstructionExample;
import java.util.List;

/**
 * GSM8K, grade-school mathematics (Cobbe et al. 2021, <a
 * href="https://arxiv.org/abs/2110.14168">arXiv 2110.14168</a>): {@code question}, {@code answer}
 * with the number after {@code ####}, which FS-LLM trains as {@code The answer is}.
 */
public final class Gsm8k implements Corpus {
  @Override
  public List<Field> fields() {
    return List.of(Field.required("question"), Field.required("answer"));
  }

  @Override
  public InstructionExample example(SourceRecord record) {
    String answer = record.text("answer").replace("####", "The answer is");
    return new InstructionExample("", "", record.text("question"), "", answer);
  }

  /** {@code corpus: gsm8k}. */
  public static final class Provider implements Corpus.Provider<NoSettings> {
    @Override
    public String name() {
      return "gsm8k";
    }

    @Override
    public Class<NoSettings> configType() {
      return NoSettings.class;
    }

    @Override
    public Corpus create(NoSettings config) {
      return new Gsm8k();
    }
  }
}
