// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.config.InputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * Reads comma-separated benchmark files: UTF-8, RFC 4180, quoted fields may hold line breaks. All
 * faults of a file are reported at once, each with file and line.
 */
public final class CsvRows {
  private static final int FAULTS_SHOWN = 20;
  private static final CSVFormat PLAIN =
      CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).build();

  private CsvRows() {}

  /**
   * One row.
   *
   * @param record counted from 0, a header not counted
   */
  public record Row(int record, CSVRecord fields) {
    /**
     * A column by the name in the header.
     *
     * @throws InputException if the row or the file has none; what is wrong, without file and line
     */
    public String column(String name) {
      if (!fields.isMapped(name)) {
        throw new InputException("there is no column '" + name + "'");
      }
      if (!fields.isSet(name)) {
        throw new InputException("the row ends before the column '" + name + "'");
      }
      return fields.get(name);
    }
  }

  /** Rows of a file whose first row names the columns. */
  public static <T> List<T> withHeader(BenchmarkFiles files, String path, Function<Row, T> each) {
    return read(
        files,
        path,
        PLAIN
            .builder()
            .setHeader()
            .setSkipHeaderRecord(true)
            .setAllowMissingColumnNames(true)
            .build(),
        each);
  }

  /** Rows of a file without names, each of so many columns. */
  public static <T> List<T> withoutHeader(
      BenchmarkFiles files, String path, int columns, Function<Row, T> each) {
    return read(
        files,
        path,
        PLAIN,
        row -> {
          if (row.fields().size() != columns) {
            throw new InputException(
                "the row has " + row.fields().size() + " columns, not " + columns);
          }
          return each.apply(row);
        });
  }

  private static <T> List<T> read(
      BenchmarkFiles files, String path, CSVFormat format, Function<Row, T> each) {
    List<T> values = new ArrayList<>();
    List<String> faults = new ArrayList<>();
    try (Reader text =
            new InputStreamReader(files.open(path), StandardCharsets.UTF_8.newDecoder());
        CSVParser rows = format.parse(text)) {
      for (CSVRecord fields : rows) {
        try {
          values.add(each.apply(new Row(values.size() + faults.size(), fields)));
        } catch (InputException fault) {
          faults.add(path + ":" + rows.getCurrentLineNumber() + ": " + fault.getMessage());
        }
      }
    } catch (NoSuchFileException | FileNotFoundException e) {
      throw new InputException("Cannot read " + path + ": there is no such file", e);
    } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
      throw new InputException("Cannot read " + path + ": " + e.getMessage(), e);
    }
    if (!faults.isEmpty()) {
      int more = faults.size() - FAULTS_SHOWN;
      throw new InputException(
          String.join("\n", faults.subList(0, Math.min(faults.size(), FAULTS_SHOWN)))
              + (more > 0 ? "\nand " + more + " more rows with faults" : ""));
    }
    if (values.isEmpty()) {
      throw new InputException(path + ": the file has no rows");
    }
    return values;
  }
}
