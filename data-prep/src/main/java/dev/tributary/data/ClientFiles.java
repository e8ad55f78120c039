// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.format_string;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;

/** The layout {@code split=train/client=000/*.parquet}, one file for each client and split. */
final class ClientFiles {
  private ClientFiles() {}

  /** Client numbers in paths: at least three digits, so that names sort as numbers do. */
  static String padded(int client) {
    return String.format(Locale.ROOT, "%03d", client);
  }

  static Path folder(String root, Part part, int client) {
    return new Path(root, "split=" + part.label() + "/client=" + padded(client));
  }

  /**
   * Writes rows with the columns {@code split} (label) and {@code client} (number), each client's
   * sorted by {@code example_id}. What lay in the folder is replaced.
   *
   * @param folders how many folders there will be, at most
   * @param rows how many rows there are
   */
  static void write(Dataset<Row> data, String root, int folders, long rows) {
    int atOnce = 2 * data.sparkSession().sparkContext().defaultParallelism();
    int tasks = (int) Math.max(1, Math.min(folders, Math.max(atOnce, rows / 100_000)));
    data.withColumn("client", format_string("%03d", col("client")))
        .repartition(tasks, col("split"), col("client"))
        .sortWithinPartitions("split", "client", "example_id")
        .write()
        .mode(SaveMode.Overwrite)
        .option("maxRecordsPerFile", 0)
        .partitionBy("split", "client")
        .parquet(root);
  }

  /**
   * Reads one client's rows in the order of the file, without Spark.
   *
   * @return nothing if the client has none
   */
  static <T> List<T> read(
      String root, Part part, int client, Configuration hadoop, Function<Group, T> row) {
    Path folder = folder(root, part, client);
    try {
      List<T> rows = new ArrayList<>();
      for (FileStatus file : Storage.of(folder, hadoop).children(folder)) {
        String name = file.getPath().getName();
        if (!name.endsWith(".parquet") || name.startsWith(".") || name.startsWith("_")) {
          continue;
        }
        try (ParquetReader<Group> reader =
            ParquetReader.builder(new GroupReadSupport(), file.getPath())
                .withConf(hadoop)
                .build()) {
          for (Group group = reader.read(); group != null; group = reader.read()) {
            rows.add(row.apply(group));
          }
        }
      }
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + folder, e);
    }
  }
}
