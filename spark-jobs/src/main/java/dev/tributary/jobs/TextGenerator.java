// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.data.ml.TextStage;
import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.generation.Writing;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Sampling;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.spark.SparkGeneration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/**
 * Continues texts: a column of strings becomes one of what the model writes after them; null where
 * that is null. Greedily, unless a temperature is set.
 *
 * <pre>{@code
 * Dataset<Row> answers =
 *     new TextGenerator()
 *         .setInputCol("prompt")
 *         .setOutputCol("answer")
 *         .setModelUrl("models/smollm2-135m")
 *         .setAdapter("runs/quickstart/adapter")
 *         .setMaxNewTokens(64)
 *         .transform(prompts);
 * }</pre>
 *
 * <p>The checkpoint is opened on the driver when {@link #transform} is called, where a model's name
 * on a hub is resolved too; executors read it from the same path, or get a copy. One model is
 * loaded in each JVM, whatever the number of tasks. A row's text depends on its prompt, the
 * settings and the seed, not on partitions or batches: equal prompts get equal texts, also where
 * tokens are drawn. A job fails at a prompt that is empty or leaves no room for the new tokens.
 */
public final class TextGenerator extends TextStage<TextGenerator> {
  private final Param<String> adapter;
  private final Param<String> dtype;
  private final IntParam maxNewTokens;
  private final DoubleParam temperature;
  private final IntParam topK;
  private final DoubleParam topP;
  private final DoubleParam repetitionPenalty;
  private final StringArrayParam stops;
  private final LongParam seed;
  private final IntParam threads;

  public TextGenerator() {
    this(Identifiable$.MODULE$.randomUID("TextGenerator"));
  }

  /**
   * As Spark ML makes copies and reads what is stored.
   *
   * @param uid name of this stage, of its own
   */
  public TextGenerator(String uid) {
    super(uid);
    adapter = new Param<>(this, "adapter", "PEFT directory on the driver; empty for none");
    dtype =
        new Param<>(
            this,
            "dtype",
            "number format of the base: float32, bfloat16 or float16",
            ParamValidators.inArray(Arrays.stream(DType.values()).map(DType::label).toList()));
    maxNewTokens =
        new IntParam(this, "maxNewTokens", "longest answer in tokens", ParamValidators.gtEq(1));
    temperature =
        new DoubleParam(
            this, "temperature", "0: the likeliest token; else drawn", ParamValidators.gtEq(0));
    topK =
        new IntParam(
            this, "topK", "draw among the likeliest so many; 0: all", ParamValidators.gtEq(0));
    topP =
        new DoubleParam(
            this,
            "topP",
            "draw among the likeliest that have this probability together",
            ParamValidators.inRange(0, 1, false, true));
    repetitionPenalty =
        new DoubleParam(
            this, "repetitionPenalty", "above 1 makes repetition rarer", ParamValidators.gt(0));
    stops = new StringArrayParam(this, "stops", "texts that end an answer");
    seed = new LongParam(this, "seed", "decides what is drawn");
    threads = new IntParam(this, "threads", "computing threads of a task", ParamValidators.gtEq(1));
    setDefault(adapter, "");
    setDefault(dtype, DType.FLOAT32.label());
    setDefault(maxNewTokens, 128);
    setDefault(temperature, 0.0);
    setDefault(topK, 0);
    setDefault(topP, 1.0);
    setDefault(repetitionPenalty, 1.0);
    setDefault(stops, new String[0]);
    setDefault(seed, 0L);
    setDefault(threads, 1);
  }

  public Param<String> adapter() {
    return adapter;
  }

  /** An adapter as PEFT or {@code export} writes it: a directory that the driver sees. */
  public TextGenerator setAdapter(String directory) {
    set(adapter, directory);
    return this;
  }

  public String getAdapter() {
    return getOrDefault(adapter);
  }

  public Param<String> dtype() {
    return dtype;
  }

  public TextGenerator setDtype(String name) {
    set(dtype, name);
    return this;
  }

  public String getDtype() {
    return getOrDefault(dtype);
  }

  public IntParam maxNewTokens() {
    return maxNewTokens;
  }

  public TextGenerator setMaxNewTokens(int tokens) {
    set(maxNewTokens, (Object) tokens);
    return this;
  }

  public int getMaxNewTokens() {
    return (int) getOrDefault(maxNewTokens);
  }

  public DoubleParam temperature() {
    return temperature;
  }

  public TextGenerator setTemperature(double value) {
    set(temperature, (Object) value);
    return this;
  }

  public double getTemperature() {
    return (double) getOrDefault(temperature);
  }

  public IntParam topK() {
    return topK;
  }

  public TextGenerator setTopK(int tokens) {
    set(topK, (Object) tokens);
    return this;
  }

  public int getTopK() {
    return (int) getOrDefault(topK);
  }

  public DoubleParam topP() {
    return topP;
  }

  public TextGenerator setTopP(double probability) {
    set(topP, (Object) probability);
    return this;
  }

  public double getTopP() {
    return (double) getOrDefault(topP);
  }

  public DoubleParam repetitionPenalty() {
    return repetitionPenalty;
  }

  public TextGenerator setRepetitionPenalty(double factor) {
    set(repetitionPenalty, (Object) factor);
    return this;
  }

  public double getRepetitionPenalty() {
    return (double) getOrDefault(repetitionPenalty);
  }

  public StringArrayParam stops() {
    return stops;
  }

  public TextGenerator setStops(String... texts) {
    set(stops, texts);
    return this;
  }

  public List<String> getStops() {
    return List.of(getOrDefault(stops));
  }

  public LongParam seed() {
    return seed;
  }

  public TextGenerator setSeed(long value) {
    set(seed, (Object) value);
    return this;
  }

  public long getSeed() {
    return (long) getOrDefault(seed);
  }

  public IntParam threads() {
    return threads;
  }

  /** Computing threads of a task: as a rule {@code spark.task.cpus}. */
  public TextGenerator setThreads(int count) {
    set(threads, (Object) count);
    return this;
  }

  public int getThreads() {
    return (int) getOrDefault(threads);
  }

  /** Reads what {@link #save} wrote. */
  public static TextGenerator load(String path) {
    return read().load(path);
  }

  public static MLReader<TextGenerator> read() {
    return new DefaultParamsReader<>();
  }

  /**
   * Opens checkpoint and adapter; texts are written when a job needs them.
   *
   * @return the rows with one column more, in the same partitions
   * @throws IllegalArgumentException as {@link #transformSchema}
   * @throws dev.tributary.fl.config.InputException if checkpoint or adapter cannot be used
   */
  @Override
  public Dataset<Row> transform(Dataset<?> dataset) {
    StructType schema = transformSchema(dataset.schema());
    JavaSparkContext spark =
        JavaSparkContext.fromSparkContext(dataset.sparkSession().sparkContext());
    DType type = DType.valueOf(getDtype().toUpperCase(Locale.ROOT));
    BaseCheckpoint base = BaseCheckpoint.open(getModelUrl(), type, Progress.silent());
    Optional<String> directory = Optional.of(getAdapter()).filter(path -> !path.isEmpty());
    PeftDirectory.Contents contents = EvaluateJob.adapter(base, directory);
    Writing writing =
        new Writing(
            getMaxNewTokens(),
            getStops(),
            new Sampling(getTemperature(), getTopK(), getTopP(), getRepetitionPenalty()));
    return new SparkGeneration(
            spark,
            base.forExecutors(spark, getThreads()),
            base.tokenizer(),
            contents.method(),
            contents.state(),
            writing,
            getSeed())
        .continued(
            dataset.toDF(), dataset.schema().fieldIndex(getInputCol()), getBatchSize(), schema);
  }

  @Override
  protected boolean accepts(DataType input) {
    return input instanceof StringType;
  }

  @Override
  protected String accepted() {
    return "string";
  }

  @Override
  protected DataType output() {
    return DataTypes.StringType;
  }

  @Override
  protected TextGenerator self() {
    return this;
  }
}
