// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import com.univocity.parsers.common.TextParsingException;
import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import com.univocity.parsers.csv.UnescapedQuoteHandling;
import dev.tributary.data.BrokenRecord.Reason;
import dev.tributary.data.RecordParser.Broken;
import dev.tributary.data.RecordParser.Cell;
import dev.tributary.data.RecordParser.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Comma-separated values as RFC 4180 has them: quoted fields may hold commas, line breaks and
 * doubled quotes. The first line names the columns. A row's line is that of its beginning.
 */
final class CsvReader extends PieceReader {
  private static final int LONGEST_VALUE = 1 << 26;
  private static final int MOST_COLUMNS = 10_000;

  private final InputStream in;
  private final RecordParser parser;
  private final CsvParser csv;
  private List<String> columns = List.of();
  private long linesBefore;
  private boolean begun;
  private boolean ended;

  /**
   * @param in closed with this
   * @param tabs whether tabs stand between values
   */
  CsvReader(InputStream in, RecordParser parser, boolean tabs) {
    this.in = in;
    this.parser = parser;
    CsvParserSettings settings = new CsvParserSettings();
    settings.getFormat().setDelimiter(tabs ? '\t' : ',');
    settings.getFormat().setQuoteEscape('"');
    settings.setLineSeparatorDetectionEnabled(true);
    settings.setUnescapedQuoteHandling(UnescapedQuoteHandling.RAISE_ERROR);
    settings.setMaxCharsPerColumn(LONGEST_VALUE);
    settings.setMaxColumns(MOST_COLUMNS);
    settings.setNullValue("");
    settings.setIgnoreLeadingWhitespaces(false);
    settings.setIgnoreTrailingWhitespaces(false);
    settings.setReadInputOnSeparateThread(false);
    settings.setSkipEmptyLines(false); // they count as lines
    settings.setCommentProcessingEnabled(false);
    this.csv = new CsvParser(settings);
  }

  @Override
  long lines() {
    return 0; // a file is one piece
  }

  @Override
  Optional<Outcome> next() throws IOException {
    if (ended) {
      return Optional.empty();
    }
    try {
      if (!begun) {
        begun = true;
        csv.beginParsing(
            new InputStreamReader(
                in,
                StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)));
        String[] names = csv.parseNext();
        if (names != null) {
          names[0] = names[0].replaceFirst("^\ufeff", ""); // what some editors put in front
          columns = List.of(names);
        }
        linesBefore = names == null ? 0 : linesOf(names);
      }
      String[] values = csv.parseNext();
      while (values != null && isBlank(values)) {
        linesBefore++;
        values = csv.parseNext();
      }
      if (values == null) {
        ended = true;
        return Optional.empty();
      }
      long line = linesBefore + 1;
      linesBefore += linesOf(values);
      return Optional.of(row(values, line));
    } catch (TextParsingException | IllegalStateException e) {
      ended = true;
      return Optional.of(unreadable(e));
    }
  }

  private static boolean isBlank(String[] values) {
    return values.length == 1 && values[0].isBlank();
  }

  /** How many lines of the file a row takes. */
  private static long linesOf(String[] values) {
    long lines = 1;
    for (String value : values) {
      lines += value.chars().filter(c -> c == '\n').count();
    }
    return lines;
  }

  private Outcome row(String[] values, long line) {
    if (values.length > columns.size()) {
      return new Broken(
          new BrokenRecord(
              Reason.WRONG_TYPE,
              line,
              "the row has "
                  + values.length
                  + " values, there are "
                  + columns.size()
                  + " columns; put values with commas into quotes"));
    }
    List<Cell> cells = new ArrayList<>();
    for (String value : values) {
      cells.add(new Cell(Optional.of(value), true));
    }
    return parser.row(columns, cells, line);
  }

  /** Damage of the file below, text that is none, or quotes that do not match. */
  private Outcome unreadable(RuntimeException e) throws IOException {
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof Compression.DamagedException damaged) {
        return broken(damaged.getMessage() + "; fetch it again");
      }
      if (cause instanceof java.nio.charset.CharacterCodingException) {
        return broken("the file is not UTF-8 from here on; save it as UTF-8");
      }
      if (cause instanceof IOException storage) {
        throw storage;
      }
    }
    String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    return broken("broken CSV: " + message + "; are quotes doubled inside quotes?");
  }

  private Broken broken(String what) {
    return new Broken(new BrokenRecord(Reason.UNREADABLE_REST, linesBefore + 1, what));
  }

  @Override
  public void close() throws IOException {
    csv.stopParsing();
    in.close();
  }
}
