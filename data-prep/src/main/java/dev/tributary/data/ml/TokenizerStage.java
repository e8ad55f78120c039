// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.ml;

import dev.tributary.data.ClosureBytes;
import dev.tributary.fl.config.Providers;
import dev.tributary.fl.text.Tokenizer;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/**
 * A stage that adds a column made with a checkpoint's tokenizer from another column; null where
 * that is null.
 *
 * <p>The tokenizer is read on the driver when {@link #transform} is called and travels with the
 * tasks, so executors need not see its directory; each task opens one of its own. Rows are
 * converted one by one as they are asked for.
 *
 * @param <S> the stage itself
 */
public abstract class TokenizerStage<S extends TokenizerStage<S>> extends Transformer
    implements DefaultParamsWritable {
  private final String uid;
  private final Param<String> inputCol;
  private final Param<String> outputCol;
  private final Param<String> modelUrl;
  private final Param<String> engine;
  private final IntParam batchSize;

  TokenizerStage(String uid) {
    this.uid = uid;
    inputCol = new Param<>(this, "inputCol", "name of the column that is read");
    outputCol = new Param<>(this, "outputCol", "name of the column that is added");
    modelUrl =
        new Param<>(
            this,
            "modelUrl",
            "Hugging Face directory with tokenizer.json: a local path, or a URI of a file system"
                + " that Hadoop knows");
    engine =
        new Param<>(
            this,
            "engine",
            "PyTorch, as for the text generator; tokenizers run without an engine",
            ParamValidators.inArray(List.of("PyTorch")));
    batchSize =
        new IntParam(
            this,
            "batchSize",
            "rows that a model would take at once, as for the text generator; tokenizers take"
                + " one after the other",
            ParamValidators.gtEq(1));
    setDefault(engine, "PyTorch");
    setDefault(batchSize, 100);
  }

  /** What becomes of a value, on executors. */
  interface Conversion extends Serializable {
    /**
     * @param row whose value in that column is not null
     */
    Object convert(Tokenizer tokenizer, Row row, int column);
  }

  /** Of the task that is about to begin. */
  abstract Conversion conversion();

  abstract boolean accepts(DataType input);

  /** The types that are accepted, for messages. */
  abstract String accepted();

  abstract DataType output();

  abstract S self();

  // ---- parameters

  @Override
  public String uid() {
    return uid;
  }

  public Param<String> inputCol() {
    return inputCol;
  }

  public String getInputCol() {
    return given(inputCol, "setInputCol");
  }

  public S setInputCol(String column) {
    set(inputCol, column);
    return self();
  }

  public Param<String> outputCol() {
    return outputCol;
  }

  public String getOutputCol() {
    return given(outputCol, "setOutputCol");
  }

  public S setOutputCol(String column) {
    set(outputCol, column);
    return self();
  }

  public Param<String> modelUrl() {
    return modelUrl;
  }

  public String getModelUrl() {
    return given(modelUrl, "setModelUrl");
  }

  /**
   * Where the tokenizer is.
   *
   * @param url a directory with {@code tokenizer.json}, and with {@code tokenizer_config.json},
   *     {@code special_tokens_map.json} or {@code config.json} to say which token ends a text: a
   *     path of this machine, or a URI of any file system that Hadoop knows
   */
  public S setModelUrl(String url) {
    set(modelUrl, url);
    return self();
  }

  public Param<String> engine() {
    return engine;
  }

  public String getEngine() {
    return getOrDefault(engine);
  }

  /**
   * Takes only {@code PyTorch}, and does nothing with it: a tokenizer needs no engine. It is there
   * so that all stages of a pipeline can be set alike.
   */
  public S setEngine(String name) {
    set(engine, name);
    return self();
  }

  public IntParam batchSize() {
    return batchSize;
  }

  public int getBatchSize() {
    return (int) getOrDefault(batchSize);
  }

  /**
   * Changes neither result nor speed: the tokenizer takes texts one after the other. Its library is
   * faster with several at once only by using other cores, which belong to other tasks here.
   *
   * @param rows 1 or more
   */
  public S setBatchSize(int rows) {
    set(batchSize, (Object) rows);
    return self();
  }

  private String given(Param<String> param, String setter) {
    if (!isDefined(param)) {
      throw new IllegalArgumentException(
          uid + ": " + param.name() + " is not set; call " + setter + " first");
    }
    return getOrDefault(param);
  }

  // ---- what Spark ML calls

  /**
   * @throws IllegalArgumentException if a column's name is not set, the input is not there or has
   *     another type, or there is a column with the output's name
   */
  @Override
  public StructType transformSchema(StructType schema) {
    String in = getInputCol();
    String out = getOutputCol();
    List<String> names = Arrays.asList(schema.fieldNames());
    if (!names.contains(in)) {
      throw new IllegalArgumentException(
          uid
              + ": there is no column '"
              + in
              + "'; "
              + Providers.nearest(in, names).map(n -> "did you mean '" + n + "'? ").orElse("")
              + "Columns: "
              + String.join(", ", names));
    }
    StructField input = schema.apply(in);
    if (!accepts(input.dataType())) {
      throw new IllegalArgumentException(
          String.format(
              "%s: column '%s' is %s where %s is needed; name another inputCol, or cast it",
              uid, in, input.dataType().catalogString(), accepted()));
    }
    if (names.contains(out)) {
      throw new IllegalArgumentException(
          uid + ": there is a column '" + out + "' already; drop it, or name another outputCol");
    }
    return schema.add(new StructField(out, output(), input.nullable(), Metadata.empty()));
  }

  /**
   * Reads the tokenizer; rows are converted when a job needs them.
   *
   * @return the rows with one column more, in the same partitions
   * @throws IllegalArgumentException as {@link #transformSchema}
   * @throws dev.tributary.fl.config.InputException if the tokenizer cannot be read
   */
  @Override
  public Dataset<Row> transform(Dataset<?> dataset) {
    StructType schema = transformSchema(dataset.schema());
    SparkSession session = dataset.sparkSession();
    Tokenizer.Source source =
        ModelUrl.tokenizer(getModelUrl(), session.sessionState().newHadoopConf());
    // Spark removes it when nothing refers to it any more: the result may be computed much later.
    Broadcast<byte[]> there =
        JavaSparkContext.fromSparkContext(session.sparkContext())
            .broadcast(ClosureBytes.of(source, Tokenizer.Source.class));
    int column = dataset.schema().fieldIndex(getInputCol());
    return dataset
        .toDF()
        .mapPartitions(new Converting(there, column, conversion()), Encoders.row(schema));
  }

  @Override
  public S copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  /** Converts the rows of a partition, with a tokenizer of its own. */
  private record Converting(Broadcast<byte[]> there, int column, Conversion conversion)
      implements MapPartitionsFunction<Row, Row> {
    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
      if (!rows.hasNext()) {
        return rows;
      }
      Tokenizer tokenizer = ClosureBytes.value(there.value(), Tokenizer.Source.class).open();
      TaskContext.get()
          .addTaskCompletionListener((TaskCompletionListener) context -> tokenizer.close());
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          return rows.hasNext();
        }

        @Override
        public Row next() {
          return converted(tokenizer, rows.next());
        }
      };
    }

    private Row converted(Tokenizer tokenizer, Row row) {
      Object[] values = new Object[row.length() + 1];
      for (int i = 0; i < row.length(); i++) {
        values[i] = row.get(i);
      }
      if (!row.isNullAt(column)) {
        values[row.length()] = conversion.convert(tokenizer, row, column);
      }
      return RowFactory.create(values);
    }
  }
}
