// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.config.InputException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** Where a corpus lies: in files, or in a table of Spark's. Used by the driver. */
interface CorpusSource {
  /**
   * What the configuration names.
   *
   * @param tasks that run at the same time
   * @throws InputException if there is no such thing
   */
  static CorpusSource of(DataConfig config, SparkSession session, int tasks) {
    Corpus corpus = config.corpus().create();
    return corpus.format() == Corpus.Format.TABLE
        ? TableSource.of(config.path(), corpus, session)
        : FileSource.of(config, session, tasks);
  }

  /** In words, for the log. */
  String described();

  /**
   * Whether it may be what a split was made of: if not it must be looked into.
   *
   * @param there as it was
   */
  boolean looksLike(Manifest.Source there);

  /** Reads it all and says what it is. */
  Manifest.Source described(DataConfig config);

  /**
   * Its files, for tasks to read.
   *
   * @param folder where archives and tables are unloaded to; the caller removes it
   * @param described what it was when it was looked at
   * @throws InputException if it cannot be trusted, or was changed meanwhile
   */
  CorpusFiles files(Path folder, Manifest.Source described);
}
