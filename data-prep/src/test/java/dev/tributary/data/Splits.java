// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.data.corpus.Alpaca;
import dev.tributary.data.corpus.CodeSearchNet;
import dev.tributary.data.corpus.Dolly;
import dev.tributary.data.corpus.FieldCorpus;
import dev.tributary.data.corpus.Gsm8k;
import dev.tributary.data.corpus.NoSettings;
import dev.tributary.data.splitter.Dirichlet;
import dev.tributary.data.splitter.Meta;
import dev.tributary.data.splitter.Uniform;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.text.ExampleEncoder;
import dev.tributary.fl.text.InstructionExample;
import dev.tributary.fl.text.PromptTemplates;
import dev.tributary.fl.text.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;

/** Configurations, and what a split holds, for tests. */
final class Splits {
  static final Choice<Corpus> GSM8K = new Choice<>(new Gsm8k.Provider(), new NoSettings());
  static final Choice<Corpus> DOLLY = new Choice<>(new Dolly.Provider(), new NoSettings());
  static final Choice<Corpus> ALPACA = new Choice<>(new Alpaca.Provider(), new NoSettings());
  static final Choice<Corpus> JSONL = jsonl("instruction", "", "output", "");

  private Splits() {}

  static Choice<Corpus> jsonl(
      String instruction, String input, String output, String category, String... keep) {
    return new Choice<>(
        new FieldCorpus.LinesProvider(),
        new FieldCorpus.Config(
            new FieldCorpus.FieldMap(instruction, input, output, category), List.of(keep)));
  }

  /** Columns {@code question}, {@code answer}, {@code topic}, and {@code user} besides. */
  static Choice<Corpus> table(Corpus.Format format) {
    FieldCorpus.Config config =
        new FieldCorpus.Config(
            new FieldCorpus.FieldMap("question", "", "answer", "topic"), List.of("user"));
    return switch (format) {
      case JSON -> new Choice<>(new FieldCorpus.LinesProvider(), config);
      case CSV -> new Choice<>(new FieldCorpus.CsvProvider(), config);
      case PARQUET -> new Choice<>(new FieldCorpus.ParquetProvider(), config);
      case TABLE -> new Choice<>(new FieldCorpus.TableProvider(), config);
    };
  }

  static Choice<Splitter> uniform(int clients) {
    return new Choice<>(new Uniform.Provider(), new Uniform.Config(clients));
  }

  static Choice<Splitter> meta(int clients) {
    return new Choice<>(new Meta.Provider(), new Meta.Config("category", clients));
  }

  static Choice<Splitter> dirichlet(double alpha, int clients) {
    return new Choice<>(
        new Dirichlet.Provider(), new Dirichlet.Config("category", alpha, clients, 1, 1000, false));
  }

  static DataConfig config(Choice<Corpus> corpus, Path path, Choice<Splitter> splitter) {
    return config(corpus, path, splitter, DataConfig.BrokenRecords.FAIL);
  }

  static DataConfig config(
      Choice<Corpus> corpus,
      Path path,
      Choice<Splitter> splitter,
      DataConfig.BrokenRecords brokenRecords) {
    return new DataConfig(
        corpus,
        path.toString(),
        "alpaca",
        256,
        new Holdout(0.8, 0.1, 0.1, 0),
        splitter,
        Optional.empty(),
        brokenRecords,
        Cleaning.NONE);
  }

  /** The same data without some of the examples. */
  static DataConfig cleaned(DataConfig config, Cleaning cleaning) {
    return new DataConfig(
        config.corpus(),
        config.path(),
        config.template(),
        config.maxTokens(),
        config.holdout(),
        config.splitter(),
        config.output(),
        config.brokenRecords(),
        cleaning);
  }

  /** The same data with another holdout. */
  static DataConfig heldOut(DataConfig config, Holdout holdout) {
    return new DataConfig(
        config.corpus(),
        config.path(),
        config.template(),
        config.maxTokens(),
        holdout,
        config.splitter(),
        config.output(),
        config.brokenRecords(),
        config.clean());
  }

  static Choice<Corpus> codeSearchNet(List<String> partitions, double subsample) {
    return new Choice<>(
        new CodeSearchNet.Provider(),
        new CodeSearchNet.Config(
            List.of("go", "java", "javascript", "php", "python", "ruby"), partitions, subsample));
  }

  /** Of the model that comes with the sources. */
  static ExampleEncoder.Source quickstartEncoder() {
    return new ExampleEncoder.Source(
        Tokenizer.Source.read(Path.of("../quickstart/model")), PromptTemplates.ALPACA, 128);
  }

  static SplitDirectory prepare(DataConfig config, long seed, Path output) {
    return Preparation.prepare(
        LocalSpark.session(),
        config,
        seed,
        output.toString(),
        PreparationContext.plain(),
        line -> {});
  }

  /** One client's examples in the order of the file. */
  static List<InstructionExample> read(SplitDirectory split, String part, int client) {
    return ClientFiles.read(
        split.examplesPath(),
        Part.of(part),
        client,
        new Configuration(),
        row ->
            new InstructionExample(
                row.getString("example_id", 0),
                row.getString("category", 0),
                row.getString("instruction", 0),
                row.getString("input", 0),
                row.getString("output", 0)));
  }

  /** Split and client of every example, by id. */
  static Map<String, String> places(SplitDirectory split) {
    Map<String, String> places = new TreeMap<>();
    for (Row row :
        split
            .examples(LocalSpark.session())
            .select("example_id", "split", "client")
            .collectAsList()) {
      String other = places.put(row.getString(0), row.getString(1) + " " + row.getInt(2));
      if (other != null) {
        throw new AssertionError(row.getString(0) + " is in two places");
      }
    }
    return places;
  }
}
