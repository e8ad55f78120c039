// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.udf;

import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/**
 * Finds examples that say nearly the same: candidates by MinHash with banding, each checked.
 *
 * <p>Two texts are as similar as the sets of their runs of five words are, by Jaccard's index:
 * shared runs over all runs. A text of fewer words is one run, so it is similar to nothing but
 * itself; one without a word is not compared. As Lee et al. 2021, <a
 * href="https://arxiv.org/abs/2107.06499">Deduplicating Training Data Makes Language Models
 * Better</a>, section 4.2, but for two things: they break words at spaces, and check candidates by
 * edit distance instead of their sets. What a word is says {@link Words}: texts that differ in
 * punctuation, operators or case alone are equal here. Runs are hashed to 32 bits; two different
 * ones of a pair of texts with 1,000 runs each agree with a probability of 0.02 %, and then change
 * the index by 0.001.
 *
 * <p>Two examples are linked if both their whole texts and their cores, instruction and answer
 * without the input, are similar enough. The whole alone would link different questions about one
 * long passage, of which Dolly has many; the core alone, one question about different passages.
 *
 * <p>Examples that are linked, directly or over others, form a group, of which the first stays; the
 * first and the last of a group may thus be less similar than asked. The method:
 *
 * <ol>
 *   <li>Examples with the same set are linked to the first of them, and only that one goes on.
 *   <li>A signature of up to 128 minima, each of a hash function over the set, is cut into bands;
 *       texts that agree in a band meet in its bucket. A band has as many rows as still let a pair
 *       that is just similar enough meet with a probability of 99 %: Leskovec, Rajaraman and
 *       Ullman, <a href="http://www.mmds.org">Mining of Massive Datasets</a>, section 3.4. Of more
 *       similar pairs hardly any is missed. Thresholds below 0.036 cannot reach this, and have
 *       bands of one row.
 *   <li>In a bucket all pairs are candidates, as long as it has 50 members; each further one is
 *       compared with the first and the one before only, so that work stays linear where thousands
 *       share a passage. Pairs of such a crowd may be missed, unless they meet in another bucket.
 *   <li>Candidates are checked by their sets, so that none is linked by chance.
 * </ol>
 *
 * <p>The result hangs on ranks and texts alone, not on partitions or the order of rows. Tasks need
 * constant memory; the driver 8 bytes for each link and 4 for each example.
 */
final class NearDuplicates {
  /** Of what is called a near duplicate; raised with any change of that, as manifests tell it. */
  static final int VERSION = 1;

  private static final int RUN_WORDS = 5;
  private static final int SIGNATURE = 128;
  private static final double FOUND = 0.99;
  private static final int ALL_PAIRS = 50;

  private static final StructType SETS =
      new StructType()
          .add("rank", DataTypes.IntegerType, false)
          .add("identity", DataTypes.LongType, false)
          .add("runs", DataTypes.createArrayType(DataTypes.IntegerType, false), false)
          .add("core_runs", DataTypes.createArrayType(DataTypes.IntegerType, false), false)
          .add("buckets", DataTypes.createArrayType(DataTypes.LongType, false), false);

  private NearDuplicates() {}

  /**
   * Which examples are left out, so that no two are linked.
   *
   * @param examples with columns {@code rank} (int: the place in an order that hangs on identity
   *     alone, each once), {@code text} (string: instruction, input and answer) and {@code core}
   *     (string: without the input); is read once, unless what is kept of it is lost
   * @param similarity from which on texts are linked, in (0, 1]
   * @param size one more than the largest rank
   * @return ranks; of those that are linked all but the least
   */
  static BitSet dropped(Dataset<Row> examples, double similarity, int size) {
    SparkSession session = examples.sparkSession();
    JavaRDD<Row> rows =
        examples
            .select("rank", "text", "core")
            .javaRDD()
            .mapPartitions(new Sets(Bands.of(similarity)));
    Dataset<Row> sets = session.createDataFrame(rows, SETS).persist(StorageLevel.MEMORY_AND_DISK());
    try {
      Groups groups = new Groups(size);
      groups.link(copies(sets));
      Broadcast<long[]> copies =
          JavaSparkContext.fromSparkContext(session.sparkContext())
              .broadcast(groups.dropped().toLongArray());
      try {
        groups.link(similar(sets, copies, similarity));
      } finally {
        copies.destroy();
      }
      return groups.dropped();
    } finally {
      sets.unpersist();
    }
  }

  /** Each example whose set an earlier one has, with the first that has it. */
  private static Dataset<Row> copies(Dataset<Row> sets) {
    Column first = min("rank").over(Window.partitionBy("identity"));
    return sets.select(first.as("first"), col("rank").as("second")).where("first < second");
  }

  /** Pairs of examples with different sets that are similar enough. */
  private static Dataset<Row> similar(
      Dataset<Row> sets, Broadcast<long[]> copies, double similarity) {
    UDF1<Integer, Boolean> isCopy = rank -> has(copies.value(), rank);
    Dataset<Row> pairs =
        sets.where(not(udf(isCopy, DataTypes.BooleanType).apply(col("rank"))))
            .select(explode(col("buckets")).as("bucket"), col("rank"))
            .repartition(col("bucket"))
            .sortWithinPartitions("bucket", "rank")
            .mapPartitions(new Pairs(), Encoders.LONG())
            .distinct()
            .select(
                expr("cast(shiftright(value, 32) as int)").as("first"),
                expr("cast(value & 2147483647 as int)").as("second"));
    return pairs
        .join(named(sets, "first"), "first")
        .join(named(sets, "second"), "second")
        .where(jaccard("first_runs", "second_runs").geq(similarity))
        .where(jaccard("first_core", "second_core").geq(similarity))
        .select("first", "second");
  }

  /** The sets of a pair's one member. */
  private static Dataset<Row> named(Dataset<Row> sets, String member) {
    return sets.select(
        col("rank").as(member),
        col("runs").as(member + "_runs"),
        col("core_runs").as(member + "_core"));
  }

  /** Of two sets, 1 where both are empty. A quotient, rounded as the threshold was when read. */
  private static Column jaccard(String one, String other) {
    return expr(
        "coalesce(size(array_intersect(%1$s, %2$s)) / nullif(cast(size(array_union(%1$s, %2$s)) as double), 0d), 1d)"
            .formatted(one, other));
  }

  private static boolean has(long[] bits, int index) {
    int word = index >> 6;
    return word < bits.length && (bits[word] & 1L << index) != 0;
  }

  private static long pair(int first, int second) {
    return (long) first << 32 | second;
  }

  /** The runs of words of a text: hashes, each once, in ascending order; none if it has no word. */
  static int[] runs(String text) {
    long[] words = Words.of(text);
    if (words.length == 0) {
      return new int[0];
    }
    long[] grams = Words.grams(words, Math.min(RUN_WORDS, words.length));
    int[] runs = new int[grams.length];
    for (int i = 0; i < runs.length; i++) {
      runs[i] = (int) (grams[i] >>> 32);
    }
    Arrays.sort(runs);
    int count = 1;
    for (int i = 1; i < runs.length; i++) {
      if (runs[i] != runs[count - 1]) {
        runs[count++] = runs[i];
      }
    }
    return Arrays.copyOf(runs, count);
  }

  /**
   * From a set to its buckets.
   *
   * @param factors of the hash functions {@code factor · x + summand} modulo 2⁶⁴, whose high bits
   *     are universal in the sense of Dietzfelbinger 1996
   * @param summands of the hash functions
   * @param rows minima of a band
   */
  record Bands(long[] factors, long[] summands, int rows) implements Serializable {
    static Bands of(double similarity) {
      if (!(similarity > 0 && similarity <= 1)) {
        throw new IllegalArgumentException(
            "Cannot look for texts of similarity " + similarity + "; give one in (0, 1]");
      }
      int rows =
          IntStream.rangeClosed(1, SIGNATURE)
              .filter(r -> found(similarity, r) >= FOUND)
              .max()
              .orElse(1);
      int minima = SIGNATURE / rows * rows;
      // The same for every run: which pairs are found must not hang on an experiment's seed.
      SplittableRandom random = Seed.of(0).child("near-duplicates").random();
      return new Bands(random.longs(minima).toArray(), random.longs(minima).toArray(), rows);
    }

    /** How likely a pair meets in one of the bands at least. */
    static double found(double similarity, int rows) {
      int bands = SIGNATURE / rows;
      return 1 - Math.pow(1 - Math.pow(similarity, rows), bands);
    }

    int count() {
      return factors.length / rows;
    }

    /** One bucket for each band; buckets of different bands differ. */
    long[] buckets(int[] runs) {
      long[] minima = new long[factors.length];
      Arrays.fill(minima, Long.MAX_VALUE);
      for (int run : runs) {
        for (int i = 0; i < minima.length; i++) {
          minima[i] = Math.min(minima[i], factors[i] * run + summands[i]);
        }
      }
      long[] buckets = new long[count()];
      for (int band = 0; band < buckets.length; band++) {
        long hash = band;
        for (int i = band * rows; i < (band + 1) * rows; i++) {
          hash = Words.mixed(hash + minima[i]);
        }
        buckets[band] = hash;
      }
      return buckets;
    }
  }

  /** Makes the sets of texts. */
  private record Sets(Bands bands) implements FlatMapFunction<Iterator<Row>, Row> {
    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
      return new Unrolled<>() {
        @Override
        boolean fill(ArrayDeque<Row> ready) {
          if (!rows.hasNext()) {
            return false;
          }
          Row row = rows.next();
          int[] runs = runs(row.getString(1));
          if (runs.length > 0) {
            int[] core = runs(row.getString(2));
            long identity = Words.mixed(identity(runs) + 31 * identity(core));
            ready.add(RowFactory.create(row.getInt(0), identity, runs, core, bands.buckets(runs)));
          }
          return true;
        }
      };
    }

    /** Two different ones among a million sets agree in it with a probability of 3e-8. */
    private static long identity(int[] runs) {
      long hash = runs.length;
      for (int run : runs) {
        hash = Words.mixed(hash * 31 + run);
      }
      return hash;
    }
  }

  /** Pairs the members of each bucket, which come one after the other, least rank first. */
  private static final class Pairs implements MapPartitionsFunction<Row, Long> {
    private static final long serialVersionUID = 1;

    @Override
    public Iterator<Long> call(Iterator<Row> rows) {
      return new Unrolled<>() {
        private final int[] members = new int[ALL_PAIRS];
        private int count;
        private int last;
        private long bucket;

        @Override
        boolean fill(ArrayDeque<Long> ready) {
          if (!rows.hasNext()) {
            return false;
          }
          Row row = rows.next();
          int rank = row.getInt(1);
          if (count == 0 || row.getLong(0) != bucket) {
            bucket = row.getLong(0);
            count = 0;
          }
          if (count < ALL_PAIRS) {
            for (int i = 0; i < count; i++) {
              ready.add(pair(members[i], rank));
            }
            members[count++] = rank;
          } else {
            ready.add(pair(members[0], rank));
            ready.add(pair(last, rank));
          }
          last = rank;
          return true;
        }
      };
    }
  }

  /** An iterator over none, one or several results of each step. */
  private abstract static class Unrolled<T> implements Iterator<T> {
    private final ArrayDeque<T> ready = new ArrayDeque<>();

    /**
     * Takes a step.
     *
     * @return false if there is none
     */
    abstract boolean fill(ArrayDeque<T> ready);

    @Override
    public boolean hasNext() {
      while (ready.isEmpty()) {
        if (!fill(ready)) {
          return false;
        }
      }
      return true;
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return ready.remove();
    }
  }

  /** Linked examples, each group known by its least rank (union-find). */
  private static final class Groups {
    private final int[] parents;

    Groups(int size) {
      parents = IntStream.range(0, size).toArray();
    }

    /**
     * @param pairs of ranks; collected, as 8 bytes each
     */
    void link(Dataset<Row> pairs) {
      List<long[]> links =
          pairs
              .javaRDD()
              .mapPartitions(
                  rows -> {
                    long[] packed = new long[16];
                    int count = 0;
                    while (rows.hasNext()) {
                      Row row = rows.next();
                      if (count == packed.length) {
                        packed = Arrays.copyOf(packed, count * 2);
                      }
                      packed[count++] = pair(row.getInt(0), row.getInt(1));
                    }
                    return List.of(Arrays.copyOf(packed, count)).iterator();
                  })
              .collect();
      for (long[] packed : links) {
        for (long link : packed) {
          link((int) (link >>> 32), (int) link);
        }
      }
    }

    private void link(int one, int other) {
      int first = root(one);
      int second = root(other);
      parents[Math.max(first, second)] = Math.min(first, second);
    }

    private int root(int rank) {
      int at = rank;
      while (parents[at] != at) {
        parents[at] = parents[parents[at]];
        at = parents[at];
      }
      return at;
    }

    /** All but the least of each group. */
    BitSet dropped() {
      BitSet dropped = new BitSet(parents.length);
      IntStream.range(0, parents.length).filter(i -> parents[i] != i).forEach(dropped::set);
      return dropped;
    }
  }
}
