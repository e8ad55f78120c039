// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KryoTest {
  @TempDir Path scratch;

  @Test
  void preparesAndTokenisesWhereASessionSerialisesWithKryo() throws IOException {
    Path file =
        Files.write(
            scratch.resolve("corpus.jsonl"),
            List.of(
                "{\"instruction\": \"q\", \"output\": \"a\", \"category\": \"c\"}",
                "{\"instruction\": \"q\"}",
                "{\"instruction\": \"r\", \"output\": \"b\", \"category\": \"d\"}"));
    DataConfig config =
        Splits.config(Splits.JSONL, file, Splits.meta(0), DataConfig.BrokenRecords.SKIP);
    LocalSpark.session().stop();
    try (SparkSession kryo =
        LocalSpark.settings()
            .config("spark.serializer", KryoSerializer.class.getName())
            .getOrCreate()) {
      SplitDirectory split =
          Preparation.prepare(
              kryo,
              config,
              1,
              scratch.resolve("split").toString(),
              PreparationContext.plain(),
              line -> {});
      assertThat(split.manifest().skipped()).isEqualTo(Map.of("missing-field", 1L));
      TokenisedSplit tokens = TokenisedSplit.encode(kryo, split, Splits.quickstartEncoder());
      assertThat(tokens.counts("train").examples()).isEqualTo(2);
      assertThat(tokens.read("train", 1))
          .singleElement()
          .satisfies(e -> assertThat(e.cut()).isFalse());
    }
  }
}
