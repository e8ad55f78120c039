// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TablesTest {
  private static final Path README = Path.of("../notebooks/README.md");

  @Test
  void readmeHasTheColumnsOfEveryTable() throws IOException {
    String readme = Files.readString(README);

    for (Table<?> table : Tables.all()) {
      assertThat(readme).contains(section(table));
    }
  }

  /** A table as notebooks/README.md has it. */
  static String section(Table<?> table) {
    StringBuilder section = new StringBuilder();
    section.append("## ").append(table.name()).append("\n\n");
    section.append(capital(table.meaning())).append(".\n\n");
    section.append("| column | type | meaning |\n|---|---|---|\n");
    for (Table.Column column : table.columns()) {
      section.append("| ").append(column.name()).append(" | ").append(column.type().sql());
      section.append(column.nullable() ? ", may be null | " : " | ");
      section.append(column.meaning()).append(" |\n");
    }
    return section.toString();
  }

  private static String capital(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }

  @Test
  void everyTableCanBeJoinedByWhatItIsOfAndExperiment() {
    assertThat(Tables.all())
        .allSatisfy(
            table ->
                assertThat(table.schema().fieldNames())
                    .startsWith(
                        table.subject() == Table.Subject.RUN ? "run_id" : "data_sha256",
                        "experiment"));
    assertThat(Tables.RUNS.schema().fieldNames()).contains("data_sha256");
  }

  @Test
  void refusesColumnsThatNobodyExplains() {
    record Loose(int round) {}

    assertThatThrownBy(() -> Table.of(Table.Subject.RUN, "loose", "nothing", Loose.class, Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .isNotInstanceOf(InputException.class)
        .hasMessage("Nothing says what loose.round means");
  }
}
