// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.text.InstructionExample;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableCorpusTest {
  private static final String CSV =
      "\ufeffquestion,answer,topic,user\r\n"
          + "\"one, two\nthree\",\"say \"\"hi\"\"\",a,7\r\n"
          + "#plain, spaced ,b,8\r\n"
          + ",empty question,b,9\r\n";

  @TempDir private Path scratch;

  @Test
  void readsQuotedValuesOfCsv() throws IOException {
    Path file = Files.writeString(scratch.resolve("corpus.csv"), CSV);
    SplitDirectory split = prepare(Corpus.Format.CSV, file, "split");
    assertThat(split.manifest().total()).isEqualTo(3);
    assertThat(split.manifest().categories().keySet()).containsExactly("a", "b");
    assertThat(read(split))
        .extracting(InstructionExample::instruction)
        .containsExactlyInAnyOrder("one, two\nthree", "#plain", "");
    assertThat(read(split))
        .extracting(InstructionExample::output)
        .containsExactlyInAnyOrder("say \"hi\"", " spaced ", "empty question");
    assertThat(
            split.examples(LocalSpark.session()).select("user").collectAsList().stream()
                .map(row -> row.getString(0)))
        .containsExactlyInAnyOrder("7", "8", "9");

    Path folder = Files.createDirectory(scratch.resolve("folder"));
    Path tabs = folder.resolve("part.tsv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(tabs))) {
      out.write("topic\tquestion\tanswer\na\tx, y\tz\n".getBytes(StandardCharsets.UTF_8));
    }
    assertThat(read(prepare(Corpus.Format.CSV, folder, "tabs")))
        .extracting(InstructionExample::instruction)
        .containsExactly("x, y");
  }

  @Test
  void namesTheLineOfABrokenRow() throws IOException {
    Path file = Files.writeString(scratch.resolve("corpus.csv"), CSV + "a,b,c,d,e\n");
    assertThatThrownBy(() -> prepare(Corpus.Format.CSV, file, "split"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ":6: the row has 5 values, there are 4 columns");
    Files.writeString(file, CSV + "\r\na\n");
    assertThatThrownBy(() -> prepare(Corpus.Format.CSV, file, "split"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ":7: field 'answer' is missing or null");
    Files.writeString(file, CSV + "\"a\" b,c,d,e\n");
    assertThatThrownBy(() -> prepare(Corpus.Format.CSV, file, "split"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ":6: broken CSV:");
    Files.writeString(file, "q,a\n1,2\n");
    assertThatThrownBy(() -> prepare(Corpus.Format.CSV, file, "split"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            file + ":2: field 'question' is missing or null (the record has [q, a] besides)");
    Files.write(file, (CSV + "\u00e9,b,c,d\n").getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> prepare(Corpus.Format.CSV, file, "split"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("is not UTF-8");
  }

  @Test
  void namesTheLineOfAQuoteThatIsNeverClosed() throws IOException {
    String good = "q,a,t,7\r\n".repeat(40);
    for (String open : List.of("x,\"never closed,t,1\r\n", "\"never closed,y,t,1\r\n")) {
      Path file = Files.writeString(scratch.resolve("open.csv"), CSV + good + open + good);
      assertThatThrownBy(() -> prepare(Corpus.Format.CSV, file, "open"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining(file + ":46: a quote that opens in this line is never closed")
          .hasMessageContaining("broken-records: skip cannot help");
    }
    // Quotes that are text, or closed by the last character, are neither.
    Path closed =
        Files.writeString(
            scratch.resolve("closed.csv"),
            "question,answer,topic,user\n5\" pipe,a,t,1\n\"\"\"b\"\"\",\"\",t,\"last\"");
    assertThat(read(prepare(Corpus.Format.CSV, closed, "closed")))
        .extracting(InstructionExample::instruction)
        .containsExactlyInAnyOrder("5\" pipe", "\"b\"");
  }

  @Test
  void readsParquetOfAnybodysMaking() throws IOException {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      rows.add(RowFactory.create("q" + i, "a" + i, i % 3, (long) i));
    }
    StructType schema =
        new StructType()
            .add("question", DataTypes.StringType)
            .add("answer", DataTypes.StringType)
            .add("topic", DataTypes.IntegerType)
            .add("user", DataTypes.LongType);
    Path folder = scratch.resolve("table");
    LocalSpark.session()
        .createDataFrame(rows, schema)
        .repartition(3)
        .write()
        .parquet(folder.toString());
    SplitDirectory split = prepare(Corpus.Format.PARQUET, folder, "split");
    assertThat(split.manifest().total()).isEqualTo(30);
    assertThat(split.manifest().categories().keySet()).containsExactly("0", "1", "2");
    assertThat(read(split)).extracting(InstructionExample::output).contains("a29");

    LocalSpark.session()
        .createDataFrame(List.of(RowFactory.create("q", 7, 1, 1L)), new StructType(numbers(schema)))
        .write()
        .parquet(scratch.resolve("numbers").toString());
    assertThatThrownBy(
            () -> prepare(Corpus.Format.PARQUET, scratch.resolve("numbers"), "numbers split"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(":1: column 'answer' is no text");
    Path other = Files.writeString(scratch.resolve("other.parquet"), "PAR1 but no more");
    assertThatThrownBy(() -> prepare(Corpus.Format.PARQUET, other, "other split"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("other.parquet:1: the Parquet file is damaged");
  }

  @Test
  void refusesFilesOfAnotherFormat() throws IOException {
    Path csv = Files.writeString(scratch.resolve("corpus.csv"), CSV);
    assertThatThrownBy(() -> prepare(Corpus.Format.PARQUET, csv, "split"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("corpus.csv is no Parquet file");
    Path folder = Files.createDirectory(scratch.resolve("empty"));
    assertThatThrownBy(() -> prepare(Corpus.Format.CSV, folder, "split"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("the folder has no file *.csv or *.tsv");
  }

  private static StructField[] numbers(StructType schema) {
    StructField[] fields = schema.fields().clone();
    fields[1] = DataTypes.createStructField("answer", DataTypes.IntegerType, true);
    return fields;
  }

  @Test
  void readsTablesAndViewsOfSpark() {
    SparkSession spark = LocalSpark.session();
    spark
        .sql(
            "select concat('question ', id) question, concat('answer ', id) answer,"
                + " cast(id % 4 as int) topic, struct(id as n) user, id % 2 = 0 unused"
                + " from range(0, 200, 1, 5)")
        .createOrReplaceTempView("departments");
    SplitDirectory split = prepare(Corpus.Format.TABLE, Path.of("departments"), "split");
    assertThat(split.manifest().total()).isEqualTo(200);
    assertThat(split.manifest().categories().keySet()).containsExactly("0", "1", "2", "3");
    assertThat(
            split.examples(spark).where("instruction = 'question 7'").select("user").first().get(0))
        .isEqualTo("{\"n\":7}");

    // The same rows in another order are the same corpus; others are not.
    spark.table("departments").repartition(3).createOrReplaceTempView("shuffled");
    SplitDirectory shuffled = prepare(Corpus.Format.TABLE, Path.of("shuffled"), "shuffled");
    assertThat(Splits.places(shuffled)).isEqualTo(Splits.places(split));
    assertThat(shuffled.manifest().corpus().contentSha256())
        .isEqualTo(split.manifest().corpus().contentSha256());
    spark.table("departments").where("topic != 3").createOrReplaceTempView("departments");
    assertThatThrownBy(() -> prepare(Corpus.Format.TABLE, Path.of("departments"), "split"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("content of the corpus");
  }

  @Test
  void saysWhatATableLacks() {
    SparkSession spark = LocalSpark.session();
    spark.sql("select 'q' questions, 'a' answer, 't' topic").createOrReplaceTempView("misspelt");
    assertThatThrownBy(() -> prepare(Corpus.Format.TABLE, Path.of("misspelt"), "split"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("Table misspelt has no column 'question'; did you mean 'questions'?");
    spark.sql("select 1 question, 'a' answer, 't' topic").createOrReplaceTempView("numbers");
    assertThatThrownBy(() -> prepare(Corpus.Format.TABLE, Path.of("numbers"), "split"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("column 'question' is int where text is needed");
    assertThatThrownBy(() -> prepare(Corpus.Format.TABLE, Path.of("no.such_table"), "split"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("data.path = no.such_table is not valid; Spark has no such table");
  }

  @Test
  void countsRowsOfATableThatHaveNoValue() {
    LocalSpark.session()
        .sql(
            "select if(id = 3, null, concat('q', id)) question, 'a' answer, 't' topic, null user"
                + " from range(10)")
        .createOrReplaceTempView("with_gap");
    assertThatThrownBy(() -> prepare(Corpus.Format.TABLE, Path.of("with_gap"), "split"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("with_gap (part ")
        .hasMessageContaining("field 'question' is missing or null");
  }

  private SplitDirectory prepare(Corpus.Format format, Path path, String output) {
    return Splits.prepare(
        Splits.config(Splits.table(format), path, Splits.uniform(1)), 1, scratch.resolve(output));
  }

  private static List<InstructionExample> read(SplitDirectory split) {
    List<InstructionExample> all = new ArrayList<>();
    for (String part : List.of("train", "validation", "test")) {
      all.addAll(Splits.read(split, part, 0));
    }
    return all;
  }
}
