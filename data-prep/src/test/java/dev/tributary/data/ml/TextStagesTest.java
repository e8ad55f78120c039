// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.testing.SharedData;
import dev.tributary.fl.text.Tokenizer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.spark.SparkException;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextStagesTest {
  private static final String QUICKSTART = "../quickstart/model";

  private static final StructType TEXTS =
      new StructType()
          .add("id", DataTypes.LongType, false)
          .add("text", DataTypes.StringType, true)
          .add("note", DataTypes.StringType, true);

  /** Three words, and special tokens around a text. */
  private static final String TINY =
      """
      {"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "decoder": null,
       "added_tokens": [
         {"id": 4, "content": "<start>", "special": true, "single_word": false, "lstrip": false,
          "rstrip": false, "normalized": false},
         {"id": 5, "content": "<end>", "special": true, "single_word": false, "lstrip": false,
          "rstrip": false, "normalized": false}],
       "pre_tokenizer": {"type": "Whitespace"},
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "<start>", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "<end>", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<start>": {"id": "<start>", "ids": [4], "tokens": ["<start>"]},
                            "<end>": {"id": "<end>", "ids": [5], "tokens": ["<end>"]}}},
       "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2, "c": 3}}}
      """;

  @TempDir Path scratch;

  @Test
  void addsTheTokensOfEachTextAndKeepsWhatElseIsThere() {
    Dataset<Row> encoded =
        encoder(QUICKSTART).transform(texts("Hello there", null, "", "Ünïcode 🙂"));
    assertThat(encoded.schema().json())
        .isEqualTo(
            TEXTS
                .add("tokens", DataTypes.createArrayType(DataTypes.IntegerType, false), true)
                .json());
    List<Row> rows = encoded.orderBy("id").collectAsList();
    try (Tokenizer tokenizer = Tokenizer.open(Path.of(QUICKSTART))) {
      assertThat(tokens(rows.get(0), "tokens")).containsExactly(tokenizer.encode("Hello there"));
      assertThat(rows.get(1).isNullAt(3)).isTrue();
      assertThat(tokens(rows.get(2), "tokens")).containsExactly(tokenizer.encode(""));
      assertThat(tokens(rows.get(3), "tokens")).containsExactly(tokenizer.encode("Ünïcode 🙂"));
    }
    assertThat(rows).extracting(row -> row.getString(2)).containsExactly("n0", "n1", "n2", "n3");
  }

  @Test
  void decodingGivesBackWhatWasEncoded() {
    List<String> texts =
        new ArrayList<>(List.of("", " ", "a", "  two  spaces\n\nand lines\t", "日本語 🙂🙃 é é"));
    IntStream.range(0, 200)
        .forEach(i -> texts.add("Text " + i + ": " + "x".repeat(i % 7) + " " + i * i));
    Dataset<Row> decoded =
        decoder(QUICKSTART)
            .transform(
                encoder(QUICKSTART).transform(texts(texts.toArray(new String[0])).repartition(3)));
    assertThat(decoded.orderBy("id").collectAsList())
        .extracting(row -> row.<String>getAs("decoded"))
        .isEqualTo(texts);
  }

  @Test
  void decodingGivesBackTextsOfDollyWithLlamasTokenizer() throws IOException {
    String llama = SharedData.path("models/tokenizers/llama2").toString();
    ObjectMapper json = new ObjectMapper();
    List<String> texts = new ArrayList<>();
    for (String line :
        Files.readAllLines(SharedData.path("data/dolly/databricks-dolly-15k.jsonl"))
            .subList(0, 1000)) {
      JsonNode record = json.readTree(line);
      texts.add(record.path("instruction").asText() + "\n" + record.path("response").asText());
    }
    Dataset<Row> decoded =
        decoder(llama).transform(encoder(llama).transform(texts(texts.toArray(new String[0]))));
    List<Row> rows = decoded.orderBy("id").collectAsList();
    assertThat(rows).extracting(row -> row.<String>getAs("decoded")).isEqualTo(texts);
    assertThat(rows).allSatisfy(row -> assertThat(tokens(row, "tokens")[0]).isEqualTo(1));
  }

  @Test
  void cutsInFrontOfTheSpecialTokensAtTheEnd() throws IOException {
    String tiny = tiny();
    Dataset<Row> texts = texts("a b c", "a", null, "a b c a b c");
    assertThat(all(encoder(tiny).transform(texts)))
        .containsExactly("[4, 1, 2, 3, 5]", "[4, 1, 5]", "null", "[4, 1, 2, 3, 1, 2, 3, 5]");
    assertThat(all(encoder(tiny).setMaxLength(4).transform(texts)))
        .containsExactly("[4, 1, 2, 5]", "[4, 1, 5]", "null", "[4, 1, 2, 5]");
    assertThat(all(encoder(tiny).setMaxLength(1).transform(texts)))
        .containsExactly("[5]", "[5]", "null", "[5]");
    assertThat(all(encoder(tiny).setMaxLength(2).setAddSpecialTokens(false).transform(texts)))
        .containsExactly("[1, 2]", "[1]", "null", "[1, 2]");
  }

  @Test
  void leavesSpecialTokensOutUnlessAskedToSpellThemOut() throws IOException {
    String tiny = tiny();
    Dataset<Row> encoded = encoder(tiny).transform(texts("a b"));
    assertThat(decoder(tiny).transform(encoded).first().<String>getAs("decoded")).isEqualTo("a b");
    assertThat(
            decoder(tiny)
                .setSkipSpecialTokens(false)
                .transform(encoded)
                .first()
                .<String>getAs("decoded"))
        .isEqualTo("<start> a b <end>");
  }

  @Test
  void decodesLongIdsAndRefusesIdsThatTheTokenizerDoesNotHave() throws IOException {
    String tiny = tiny();
    Dataset<Row> ids = session().sql("select array(1L, 2L) as tokens");
    assertThat(decoder(tiny).transform(ids).first().<String>getAs("decoded")).isEqualTo("a b");
    Dataset<Row> wrong = session().sql("select id, array(1, 6) as tokens from range(1)");
    assertThatThrownBy(() -> decoder(tiny).transform(wrong).collectAsList())
        .isInstanceOf(SparkException.class)
        .hasStackTraceContaining(
            "Cannot decode token 6, at place 1 of 2: Tokenizer of "
                + tiny
                + " has tokens 0 to 5; give the tokenizer that made them");
    Dataset<Row> nothing = session().sql("select id, array(1, null) as tokens from range(1)");
    assertThatThrownBy(() -> decoder(tiny).transform(nothing).collectAsList())
        .hasStackTraceContaining("Cannot decode token null, at place 1 of 2");
  }

  @Test
  void aPipelineIsStoredAndReadWithAllThatWasSet() {
    TextEncoder encoder =
        encoder(QUICKSTART).setMaxLength(7).setAddSpecialTokens(false).setBatchSize(3);
    TextDecoder decoder = decoder(QUICKSTART).setSkipSpecialTokens(false);
    Dataset<Row> texts = texts("Some words that are more than seven tokens long", null);
    PipelineModel made =
        new Pipeline().setStages(new PipelineStage[] {encoder, decoder}).fit(texts);
    List<Row> wanted = made.transform(texts).collectAsList();
    assertThat(tokens(wanted.get(0), "tokens")).hasSize(7);
    try {
      made.write().save(scratch.resolve("pipeline").toString());
      encoder.save(scratch.resolve("encoder").toString());
      decoder.save(scratch.resolve("decoder").toString());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    PipelineModel read = PipelineModel.load(scratch.resolve("pipeline").toString());
    assertThat(read.transform(texts).collectAsList()).isEqualTo(wanted);
    assertThat(TextEncoder.load(scratch.resolve("encoder").toString()).explainParams())
        .isEqualTo(encoder.explainParams());
    assertThat(TextDecoder.load(scratch.resolve("decoder").toString()).uid())
        .isEqualTo(decoder.uid());
  }

  @Test
  void copiesHaveTheSameParametersOrThoseThatArePutInTheirPlace() {
    TextEncoder encoder = encoder(QUICKSTART).setMaxLength(7);
    TextEncoder copy = encoder.copy(new ParamMap().put(encoder.outputCol().w("other")));
    assertThat(copy.uid()).isEqualTo(encoder.uid());
    assertThat(copy.getMaxLength()).isEqualTo(7);
    assertThat(copy.getOutputCol()).isEqualTo("other");
    assertThat(encoder.getOutputCol()).isEqualTo("tokens");
    assertThat(encoder.params())
        .extracting(param -> param.name())
        .containsExactly(
            "addSpecialTokens",
            "batchSize",
            "engine",
            "inputCol",
            "maxLength",
            "modelUrl",
            "outputCol");
    assertThat(decoder(QUICKSTART).params()).hasSize(6);
  }

  @Test
  void refusesWhatDoesNotFit() {
    StructType schema = texts().schema();
    TextEncoder encoder = new TextEncoder("enc");
    assertThatThrownBy(() -> encoder.transformSchema(schema))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("enc: inputCol is not set; call setInputCol first");
    assertThatThrownBy(() -> encoder.setInputCol("text").transformSchema(schema))
        .hasMessage("enc: outputCol is not set; call setOutputCol first");
    assertThatThrownBy(
            () -> encoder.setInputCol("texts").setOutputCol("tokens").transformSchema(schema))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "enc: there is no column 'texts'; did you mean 'text'? Columns: id, text, note");
    assertThatThrownBy(() -> encoder.setInputCol("id").transformSchema(schema))
        .hasMessage(
            "enc: column 'id' is bigint where string is needed; name another inputCol, or cast it");
    assertThatThrownBy(
            () -> encoder.setInputCol("text").setOutputCol("note").transformSchema(schema))
        .hasMessage("enc: there is a column 'note' already; drop it, or name another outputCol");
    assertThatThrownBy(
            () ->
                new TextDecoder("dec")
                    .setInputCol("text")
                    .setOutputCol("t")
                    .transformSchema(schema))
        .hasMessage(
            "dec: column 'text' is string where array<int> or array<bigint> is needed; name another"
                + " inputCol, or cast it");
    assertThatThrownBy(() -> encoder.setOutputCol("tokens").transform(texts("a")))
        .hasMessage("enc: modelUrl is not set; call setModelUrl first");
    assertThatThrownBy(() -> encoder.setModelUrl(scratch.toString()).transform(texts("a")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("it has none of [tokenizer.json, ");
    assertThatThrownBy(() -> encoder.setEngine("MXNet"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("enc parameter engine given invalid value MXNet.");
    assertThatThrownBy(() -> encoder.setBatchSize(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> encoder.setMaxLength(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThat(encoder.setEngine("PyTorch").getEngine()).isEqualTo("PyTorch");
  }

  @Test
  void readsTokenizersOfOtherFileSystems() throws IOException {
    String tiny = tiny();
    session().sparkContext().hadoopConfiguration().set("fs.shelf.impl", Shelf.class.getName());
    for (String url : List.of("file://" + tiny, "file:" + tiny, "shelf://" + tiny)) {
      assertThat(all(encoder(url).transform(texts("a b")))).containsExactly("[4, 1, 2, 5]");
    }
    assertThatThrownBy(() -> encoder("shelf://" + scratch + "/none").transform(texts("a")))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "Cannot open the tokenizer of shelf://%s/none: it has no tokenizer.json; give a Hugging"
                    .formatted(scratch)
                + " Face directory");
    assertThatThrownBy(() -> encoder("nowhere://x/y").transform(texts("a")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("Cannot read the tokenizer of nowhere://x/y")
        .hasMessageEndingWith("; check modelUrl");
  }

  /** The local file system by another name. */
  public static final class Shelf extends RawLocalFileSystem {
    @Override
    public URI getUri() {
      return URI.create("shelf:///");
    }

    @Override
    public String getScheme() {
      return "shelf";
    }
  }

  @Test
  void worksWhereASessionSerialisesWithKryo() throws IOException {
    String tiny = tiny();
    session().stop();
    try (SparkSession kryo =
        settings().config("spark.serializer", KryoSerializer.class.getName()).getOrCreate()) {
      Dataset<Row> encoded = encoder(tiny).transform(texts("a b", "c").repartition(2));
      assertThat(all(encoded)).containsExactly("[4, 1, 2, 5]", "[4, 3, 5]");
      assertThat(kryo.conf().get("spark.serializer")).contains("Kryo");
    }
  }

  // ---- what tests begin with

  private static SparkSession session() {
    return settings().getOrCreate();
  }

  private static SparkSession.Builder settings() {
    return SparkSession.builder()
        .master("local[2]")
        .appName("data-prep tests")
        .config("spark.ui.enabled", false)
        .config("spark.sql.shuffle.partitions", 4)
        .config("spark.driver.bindAddress", "127.0.0.1");
  }

  private static Dataset<Row> texts(@Nullable String... texts) {
    return session()
        .createDataFrame(
            IntStream.range(0, texts.length)
                .mapToObj(i -> RowFactory.create((long) i, texts[i], "n" + i))
                .toList(),
            TEXTS);
  }

  private static TextEncoder encoder(String modelUrl) {
    return new TextEncoder().setInputCol("text").setOutputCol("tokens").setModelUrl(modelUrl);
  }

  private static TextDecoder decoder(String modelUrl) {
    return new TextDecoder().setInputCol("tokens").setOutputCol("decoded").setModelUrl(modelUrl);
  }

  private String tiny() throws IOException {
    Path folder = Files.createDirectories(scratch.resolve("tiny"));
    Files.writeString(folder.resolve("tokenizer.json"), TINY);
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"<end>\"}");
    return folder.toString();
  }

  private static List<String> all(Dataset<Row> encoded) {
    return encoded.orderBy("id").collectAsList().stream()
        .map(row -> row.isNullAt(3) ? "null" : Arrays.toString(tokens(row, "tokens")))
        .toList();
  }

  private static int[] tokens(Row row, String column) {
    return row.<Integer>getList(row.fieldIndex(column)).stream().mapToInt(i -> i).toArray();
  }
}
