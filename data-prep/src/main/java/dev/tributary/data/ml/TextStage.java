// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.ml;

import dev.tributary.fl.config.Providers;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * A stage that adds a column made from another one with what a checkpoint holds; null where that is
 * null.
 *
 * @param <S> the stage itself
 */
public abstract class TextStage<S extends TextStage<S>> extends Transformer
    implements DefaultParamsWritable {
  private final String uid;
  private final Param<String> inputCol;
  private final Param<String> outputCol;
  private final Param<String> modelUrl;
  private final Param<String> engine;
  private final IntParam batchSize;

  protected TextStage(String uid) {
    this.uid = uid;
    inputCol = new Param<>(this, "inputCol", "name of the column that is read");
    outputCol = new Param<>(this, "outputCol", "name of the column that is added");
    modelUrl =
        new Param<>(
            this,
            "modelUrl",
            "Hugging Face directory: a path, for tokenizers also a URI of a file system that Hadoop"
                + " knows, for the generator also a model's name on a hub");
    engine =
        new Param<>(
            this,
            "engine",
            "PyTorch, which the text generator computes with; tokenizers run without an engine",
            ParamValidators.inArray(List.of("PyTorch")));
    batchSize =
        new IntParam(
            this,
            "batchSize",
            "rows that the text generator takes at once; tokenizers take one after the other",
            ParamValidators.gtEq(1));
    setDefault(engine, "PyTorch");
    setDefault(batchSize, 100);
  }

  protected abstract boolean accepts(DataType input);

  /** The types that are accepted, for messages. */
  protected abstract String accepted();

  protected abstract DataType output();

  protected abstract S self();

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

  /** Where the checkpoint is; see the stage for what it may be. */
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

  /** Takes only {@code PyTorch}; all stages of a pipeline can be set alike. */
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
   * Rows that a model takes at once; no row's result depends on it. Tokenizers take texts one after
   * the other whatever it is: their library is faster with several at once only by using other
   * cores, which belong to other tasks here.
   *
   * @param rows 1 or more
   */
  public S setBatchSize(int rows) {
    set(batchSize, (Object) rows);
    return self();
  }

  /** A parameter that must be set. */
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

  @Override
  public S copy(ParamMap extra) {
    return defaultCopy(extra);
  }
}
