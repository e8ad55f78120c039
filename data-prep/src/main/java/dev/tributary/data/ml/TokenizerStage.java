// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.ml;

import dev.tributary.data.ClosureBytes;
import dev.tributary.fl.text.Tokenizer;
import java.io.Serializable;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/**
 * A stage that adds a column made with a checkpoint's tokenizer from another column; null where
 * that is null.
 *
 * <p>The model's URL is a directory with a tokenizer, and with {@code tokenizer_config.json},
 * {@code special_tokens_map.json} or {@code config.json} to say which token ends a text: a path of
 * this machine, or a URI of any file system that Hadoop knows. The tokenizer is read on the driver
 * when {@link #transform} is called and travels with the tasks, so executors need not see its
 * directory; each task opens one of its own. Rows are converted one by one as they are asked for.
 *
 * @param <S> the stage itself
 */
public abstract class TokenizerStage<S extends TokenizerStage<S>> extends TextStage<S> {
  TokenizerStage(String uid) {
    super(uid);
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
