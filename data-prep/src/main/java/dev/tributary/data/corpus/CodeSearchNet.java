// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.corpus;

import dev.tributary.data.Corpus;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.text.InstructionExample;
import java.io.Serializable;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * CodeSearchNet (Husain et al. 2019, <a href="https://arxiv.org/abs/1909.09436">arXiv
 * 1909.09436</a>): functions of six programming languages with their documentation, in folders
 * {@code python/final/jsonl/train/python_train_0.jsonl.gz}; {@code data.path} is the folder above
 * them, or any part of it.
 *
 * <p>The model is to write the code: as in FS-LLM the instruction is the language and the
 * documentation with a space between, the input is empty, the answer is the code. The category is
 * the language.
 */
public final class CodeSearchNet implements Corpus {
  private static final List<String> LANGUAGES =
      List.of("go", "java", "javascript", "php", "python", "ruby");
  private static final List<String> PARTITIONS = List.of("train", "valid", "test");
  private static final Pattern PUBLISHED =
      Pattern.compile(".*/(train|valid|test)/([a-z]+)_(?:train|valid|test)_\\d+\\.jsonl(\\.\\w+)?");

  /**
   * What the file may say beside the name.
   *
   * @param languages whose files of a folder are read
   * @param partitions of the published division that are read; a split is made anew of all of them
   * @param subsample share of each language's functions that is taken, in (0, 1]
   */
  public record Config(
      @Default("[go, java, javascript, php, python, ruby]") List<String> languages,
      @Default("[train]") List<String> partitions,
      @Default("1.0") double subsample)
      implements Serializable {
    public Config {
      languages = List.copyOf(languages);
      partitions = List.copyOf(partitions);
      Faults faults =
          new Faults()
              .check(!languages.isEmpty(), "languages", "[]", "name some of " + LANGUAGES)
              .check(!partitions.isEmpty(), "partitions", "[]", "name some of " + PARTITIONS)
              .check(
                  subsample > 0 && subsample <= 1,
                  "subsample",
                  subsample,
                  "give a share above 0 and up to 1, e.g. 0.1");
      for (String language : languages) {
        faults.check(
            LANGUAGES.contains(language), "languages", language, "name some of " + LANGUAGES);
      }
      for (String partition : partitions) {
        faults.check(
            PARTITIONS.contains(partition), "partitions", partition, "name some of " + PARTITIONS);
      }
      faults.throwIfAny();
    }
  }

  private final Config config;

  public CodeSearchNet(Config config) {
    this.config = config;
  }

  @Override
  public List<Field> fields() {
    return List.of(
        Field.required("docstring"),
        Field.required("language"),
        Field.required("code"),
        Field.optional("repo"),
        Field.optional("path"),
        Field.optional("func_name"),
        Field.optional("partition"));
  }

  @Override
  public List<String> columns() {
    return List.of("repo", "path", "func_name", "partition");
  }

  /** By folder and name; a file elsewhere is taken as it is. */
  @Override
  public boolean reads(String path) {
    Matcher published = PUBLISHED.matcher(path);
    return !published.matches()
        || (config.partitions().contains(published.group(1))
            && config.languages().contains(published.group(2)));
  }

  @Override
  public double share() {
    return config.subsample();
  }

  @Override
  public InstructionExample example(SourceRecord record) {
    String language = record.text("language");
    return new InstructionExample(
        "", language, language + " " + record.text("docstring"), "", record.text("code"));
  }

  /** {@code corpus: code-search-net}. */
  public static final class Provider implements Corpus.Provider<Config> {
    @Override
    public String name() {
      return "code-search-net";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Corpus create(Config config) {
      return new CodeSearchNet(config);
    }
  }
}
