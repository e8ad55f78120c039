// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.generation.TextWriter;
import dev.tributary.fl.generation.Writing;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.text.Tokenizer;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Continues the texts of a column, on executors; with the base model of each JVM, which all its
 * tasks share.
 */
public final class SparkGeneration {
  /** All that a task needs; as bytes, see {@link Travelling}. */
  private record Task(
      BaseModel base, Tokenizer.Source tokenizer, Adapter adapter, Writing writing, long seed)
      implements Serializable {}

  private final JavaSparkContext spark;
  private final Task task;

  /**
   * @param state tensors of the adapter
   * @param seed of all rows; each row's own follows from it and the row's text
   */
  public SparkGeneration(
      JavaSparkContext spark,
      BaseModel base,
      Tokenizer.Source tokenizer,
      AdapterMethod method,
      NamedTensors state,
      Writing writing,
      long seed) {
    this.spark = spark;
    this.task = new Task(base, tokenizer, Adapter.of(method, state), writing, seed);
  }

  /**
   * Adds a column of continuations, as a job asks for the rows.
   *
   * @param column place of the prompts
   * @param batchSize prompts at once
   * @param schema of the result
   */
  public Dataset<Row> continued(Dataset<Row> rows, int column, int batchSize, StructType schema) {
    // Spark removes it when nothing refers to it any more: the result may be computed much later.
    Broadcast<byte[]> there = spark.broadcast(Travelling.bytes(task));
    return rows.mapPartitions(new Continuing(there, column, batchSize), Encoders.row(schema));
  }

  private record Continuing(Broadcast<byte[]> there, int column, int batchSize)
      implements MapPartitionsFunction<Row, Row> {
    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
      return rows.hasNext()
          ? new Written(rows, Travelling.value(there.value(), Task.class), column, batchSize)
          : rows;
    }
  }

  /** Rows with their continuations, a batch at a time. */
  private static final class Written implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final int column;
    private final int batchSize;
    private final Writing writing;
    private final long seed;
    private final TextWriter writer;
    private final Queue<Row> ready = new ArrayDeque<>();

    Written(Iterator<Row> rows, Task task, int column, int batchSize) {
      this.rows = rows;
      this.column = column;
      this.batchSize = batchSize;
      this.writing = task.writing();
      this.seed = task.seed();
      BaseModels.Borrowed borrowed = task.base().borrow();
      TrainedWeights weights =
          borrowed.model().weights(task.adapter().method(), task.adapter().tensors());
      TaskContext.get()
          .addTaskCompletionListener(
              (TaskCompletionListener)
                  context -> {
                    weights.close();
                    borrowed.close();
                  });
      this.writer = new TextWriter(borrowed.model(), weights, OpenTokenizers.of(task.tokenizer()));
    }

    @Override
    public boolean hasNext() {
      return !ready.isEmpty() || rows.hasNext();
    }

    @Override
    public Row next() {
      if (ready.isEmpty()) {
        write();
      }
      return ready.remove();
    }

    private void write() {
      List<Row> batch = new ArrayList<>();
      List<String> prompts = new ArrayList<>();
      while (batch.size() < batchSize && rows.hasNext()) {
        Row row = rows.next();
        batch.add(row);
        if (!row.isNullAt(column)) {
          prompts.add(row.getString(column));
        }
      }
      Iterator<TextWriter.Written> written =
          prompts.isEmpty()
              ? List.<TextWriter.Written>of().iterator()
              : writer
                  .write(
                      prompts,
                      writing,
                      prompts.stream().map(prompt -> Seed.of(seed).child(prompt)).toList())
                  .iterator();
      for (Row row : batch) {
        Object[] values = new Object[row.length() + 1];
        for (int i = 0; i < row.length(); i++) {
          values[i] = row.get(i);
        }
        if (!row.isNullAt(column)) {
          values[row.length()] = written.next().text();
        }
        ready.add(RowFactory.create(values));
      }
    }
  }
}
