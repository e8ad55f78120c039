// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.isnull;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.xxhash64;

import dev.tributary.data.Corpus.Content;
import dev.tributary.data.Corpus.Field;
import dev.tributary.data.Corpus.Presence;
import dev.tributary.data.CorpusFiles.CorpusFile;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.config.Providers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.parser.ParseException;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructType;

/**
 * A corpus in a table or view that Spark knows: of a catalog, or of files by <code>
 * parquet.`PATH`</code>. It is unloaded into files first, as a table need not give its rows twice
 * in the same order; all that a corpus does not read stays where it is.
 *
 * @param name as the experiment file has it
 * @param columns what the corpus reads, as text
 */
record TableSource(String name, Dataset<Row> columns) implements CorpusSource {
  static TableSource of(String name, Corpus corpus, SparkSession session) {
    Dataset<Row> table = table(name, session);
    List<String> there = Arrays.asList(table.columns());
    List<Column> columns = new ArrayList<>();
    for (Field field : distinct(corpus.fields())) {
      if (there.contains(field.name())) {
        columns.add(text(field, table.schema().apply(field.name()).dataType(), name));
      } else if (field.presence() == Presence.REQUIRED) {
        throw new InputException(
            "Table "
                + name
                + " has no column '"
                + field.name()
                + "'"
                + Providers.nearest(field.name(), there)
                    .map(near -> "; did you mean '" + near + "'?")
                    .orElse("; it has " + there + ".")
                + " Map columns with corpus: {name: table, fields: {instruction: ..., output: ...}}");
      }
    }
    return new TableSource(name, table.select(columns.toArray(Column[]::new)));
  }

  static boolean exists(String name, SparkSession session) {
    try {
      table(name, session);
      return true;
    } catch (InputException e) { // the reason is told when the table is needed
      return false;
    }
  }

  private static Dataset<Row> table(String name, SparkSession session) {
    try {
      return session.table(name);
    } catch (Exception e) { // AnalysisException is a checked one that Scala does not declare
      if (e instanceof AnalysisException || e instanceof ParseException) {
        throw new InputException(
            "data.path = "
                + name
                + " is not valid; Spark has no such table ("
                + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
                + "): name one of its catalogs, DATABASE.TABLE, or files by parquet.`PATH`",
            e);
      }
      throw e;
    }
  }

  private static List<Field> distinct(List<Field> fields) {
    List<Field> distinct = new ArrayList<>();
    for (Field field : fields) {
      if (distinct.stream().noneMatch(other -> other.name().equals(field.name()))) {
        distinct.add(field);
      }
    }
    return distinct;
  }

  private static Column text(Field field, DataType type, String table) {
    Column column = col("`" + field.name().replace("`", "``") + "`");
    if (type.equals(DataTypes.StringType)) {
      return column;
    }
    boolean nested =
        type instanceof StructType || type instanceof ArrayType || type instanceof MapType;
    if (field.content() == Content.TEXT || (nested && field.content() == Content.LABEL)) {
      throw new InputException(
          "Table "
              + table
              + ": column '"
              + field.name()
              + "' is "
              + type.simpleString()
              + " where text is needed; name another in fields, or cast it in a view");
    }
    return (nested ? to_json(column) : column.cast(DataTypes.StringType)).as(field.name());
  }

  @Override
  public String described() {
    return "table " + name;
  }

  /** A table does not say when it was last changed. */
  @Override
  public boolean looksLike(Manifest.Source there) {
    return false;
  }

  @Override
  public Manifest.Source described(DataConfig config) {
    return new Manifest.Source(
        ConfigTree.of(config.corpus()), config.path(), contentSha256(columns), List.of());
  }

  /** The same for the same rows, in whatever order: sums of two hashes of each. */
  private static String contentSha256(Dataset<Row> rows) {
    List<Column> values = new ArrayList<>();
    for (String column : rows.columns()) {
      Column value = col("`" + column.replace("`", "``") + "`");
      values.add(isnull(value));
      values.add(coalesce(value, lit("")));
    }
    List<Column> again = new ArrayList<>(values);
    again.add(0, lit("again"));
    DataType exact = DataTypes.createDecimalType(38, 0);
    Row sums =
        rows.select(
                xxhash64(values.toArray(Column[]::new)).as("one"),
                xxhash64(again.toArray(Column[]::new)).as("other"))
            .agg(count(lit(1)), sum(col("one").cast(exact)), sum(col("other").cast(exact)))
            .first();
    String text = String.join(" ", rows.columns()) + "\n" + sums.mkString(" ");
    return HexFormat.of()
        .formatHex(FileSource.sha256Digest().digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Override
  public CorpusFiles files(Path folder, Manifest.Source described) {
    SparkSession session = columns.sparkSession();
    Path unloaded = new Path(folder, "table"); // Spark reads no folder whose name begins with "_"
    columns.write().parquet(unloaded.toString());
    try {
      Storage storage = Storage.of(unloaded, session.sessionState().newHadoopConf());
      List<CorpusFile> files = new ArrayList<>();
      for (FileStatus file : storage.children(unloaded)) {
        String path = file.getPath().toString();
        if (path.endsWith(".parquet")) {
          files.add(
              new CorpusFile(
                  path,
                  name + " (part " + files.size() + ")",
                  file.getLen(),
                  file.getModificationTime()));
        }
      }
      files.sort(Comparator.comparing(CorpusFile::location));
      if (!contentSha256(session.read().schema(columns.schema()).parquet(unloaded.toString()))
          .equals(described.contentSha256())) {
        throw new InputException(
            "Table " + name + " was changed while it was read; prepare again when it is at rest");
      }
      return new CorpusFiles(files);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot unload table " + name + " to " + unloaded, e);
    }
  }
}
