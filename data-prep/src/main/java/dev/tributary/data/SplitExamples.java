// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import dev.tributary.fl.text.InstructionExample;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF5;
import org.apache.spark.sql.types.DataTypes;

/**
 * The examples of a split that was made of the same corpus in the same way, but dealt out
 * otherwise: its files are read in place of the corpus.
 */
final class SplitExamples implements Examples {
  private final SparkSession session;
  private final SplitDirectory split;
  private final Population population;

  private SplitExamples(SparkSession session, SplitDirectory split, Population population) {
    this.session = session;
    this.split = split;
    this.population = population;
  }

  /** What a task has found. A plain class: Kryo cannot read records. */
  private static final class Found implements Serializable {
    private static final long serialVersionUID = 1;

    private final Survey survey;
    private final int[] occurrences;

    Found(Survey survey, int[] occurrences) {
      this.survey = survey;
      this.occurrences = occurrences;
    }
  }

  /**
   * @param label column of the labels
   * @throws IllegalStateException if files of the split are missing; Spark's own errors if they
   *     cannot be read
   */
  static SplitExamples read(SparkSession session, SplitDirectory split, String label) {
    List<Found> found =
        split
            .examples(session)
            .select(
                col("example_id"),
                col("category"),
                col("`" + label.replace("`", "``") + "`"),
                col("output"))
            .toJavaRDD()
            .mapPartitions(rows -> List.of(found(rows)).iterator())
            .collect();
    int[] occurrences = new int[found.stream().mapToInt(f -> f.survey.size()).sum()];
    List<Survey> surveys = new ArrayList<>();
    int from = 0;
    for (Found each : found) {
      surveys.add(each.survey);
      System.arraycopy(each.occurrences, 0, occurrences, from, each.survey.size());
      from += each.survey.size();
    }
    if (occurrences.length != split.manifest().total()) {
      throw new IllegalStateException(
          "only " + occurrences.length + " of " + split.manifest().total() + " examples are there");
    }
    return new SplitExamples(session, split, Population.of(surveys, occurrences));
  }

  private static Found found(Iterator<Row> rows) {
    Survey survey = Survey.empty();
    List<Integer> occurrences = new ArrayList<>();
    while (rows.hasNext()) {
      Row row = rows.next();
      String id = row.getString(0);
      int place =
          survey.add(
              ExampleHash.high(id), ExampleHash.low(id), 0, row.getString(1), row.getString(2));
      survey.set(Blemish.EMPTY_ANSWER, place, row.getString(3).isBlank());
      occurrences.add(ExampleHash.occurrence(id));
    }
    survey.trim();
    return new Found(survey, occurrences.stream().mapToInt(i -> i).toArray());
  }

  @Override
  public Population population() {
    return population;
  }

  @Override
  public Map<String, Long> skipped() {
    return split.manifest().skipped();
  }

  @Override
  public List<String> columns() {
    return split.manifest().columns();
  }

  @Override
  public void write(Assignment assignment, Path folder) {
    try (Placing placing = Placing.of(session, population, assignment)) {
      ClientFiles.write(
          placing.placed(split.examples(session)),
          folder.toString(),
          assignment.folders(),
          population.size());
    }
    long written =
        session.read().schema(SplitDirectory.schema(columns())).parquet(folder.toString()).count();
    if (written != population.size()) {
      throw new IllegalStateException(
          "only " + written + " of " + population.size() + " examples were there at last");
    }
  }

  /**
   * Where each example goes, by its id, on every machine; closed when the rows are written.
   *
   * @param there the ids in canonical order, three arrays, and the targets
   */
  private record Placing(Broadcast<Object[]> there) implements AutoCloseable {
    static Placing of(SparkSession session, Population population, Assignment assignment) {
      int[] canonical = population.canonical();
      long[] highs = new long[canonical.length];
      long[] lows = new long[canonical.length];
      int[] occurrences = new int[canonical.length];
      int[] targets = new int[canonical.length];
      for (int i = 0; i < canonical.length; i++) {
        highs[i] = population.highs()[canonical[i]];
        lows[i] = population.lows()[canonical[i]];
        occurrences[i] = population.occurrences()[canonical[i]];
        targets[i] = assignment.target(canonical[i]);
      }
      return new Placing(
          JavaSparkContext.fromSparkContext(session.sparkContext())
              .broadcast(new Object[] {highs, lows, occurrences, targets}));
    }

    Dataset<Row> placed(Dataset<Row> examples) {
      Broadcast<Object[]> table = there;
      UDF5<String, String, String, String, String, Integer> target =
          (id, category, instruction, input, output) -> {
            ExampleHash hash =
                new ExampleHash()
                    .of(new InstructionExample(id, category, instruction, input, output));
            if (hash.high() != ExampleHash.high(id) || hash.low() != ExampleHash.low(id)) {
              throw new IllegalStateException("Example " + id + " is not what it was");
            }
            return target(table.value(), id);
          };
      Dataset<Row> targets =
          examples
              .drop("split", "client")
              .withColumn(
                  "_target",
                  udf(target, DataTypes.IntegerType)
                      .apply(
                          col("example_id"),
                          col("category"),
                          col("instruction"),
                          col("input"),
                          col("output")));
      UDF1<Integer, String> split = to -> Assignment.part(to).label();
      UDF1<Integer, Integer> client = Assignment::client;
      return targets
          .withColumn("split", udf(split, DataTypes.StringType).apply(col("_target")))
          .withColumn("client", udf(client, DataTypes.IntegerType).apply(col("_target")))
          .drop("_target");
    }

    private static int target(Object[] table, String id) {
      long[] highs = (long[]) table[0];
      long[] lows = (long[]) table[1];
      int[] occurrences = (int[]) table[2];
      long high = ExampleHash.high(id);
      long low = ExampleHash.low(id);
      int occurrence = ExampleHash.occurrence(id);
      int from = 0;
      int to = highs.length - 1;
      while (from <= to) {
        int middle = (from + to) >>> 1;
        int order = Long.compareUnsigned(highs[middle], high);
        order = order != 0 ? order : Long.compareUnsigned(lows[middle], low);
        order = order != 0 ? order : Integer.compare(occurrences[middle], occurrence);
        if (order == 0) {
          return ((int[]) table[3])[middle];
        }
        if (order < 0) {
          from = middle + 1;
        } else {
          to = middle - 1;
        }
      }
      throw new IllegalStateException(
          "Example " + id + " came to the split while it was read; prepare again");
    }

    @Override
    public void close() {
      there.destroy();
    }
  }
}
