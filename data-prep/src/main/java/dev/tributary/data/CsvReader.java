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
import java.io.FilterReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
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
  private final boolean tabs;
  private Optional<QuoteWatch> quotes = Optional.empty();
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
    this.tabs = tabs;
    CsvParserSettings settings = new CsvParserSettings();
    settings.getFormat().setDelimiter(tabs ? '\t' : ',');
    settings.getFormat().setQuoteEscape('"');
    settings.setLineSeparatorDetectionEnabled(true);
    settings.setUnescapedQuoteHandling(UnescapedQuoteHandling.RAISE_ERROR);
    settings.setMaxCharsPerColumn(LONGEST_VALUE);
    settings.setMaxColumns(MOST_COLUMNS);
    settings.setNullValue("");
    settings.setEmptyValue(""); // of ""
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
        Reader text =
            new InputStreamReader(
                in,
                StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT));
        QuoteWatch watch = new QuoteWatch(text, tabs ? '\t' : ',');
        quotes = Optional.of(watch);
        csv.beginParsing(watch);
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
      long open = quotes.map(QuoteWatch::neverClosed).orElse(0L);
      if (open >= line && open <= linesBefore) { // the rest of the file is in this row
        ended = true;
        return Optional.of(
            new Broken(
                new BrokenRecord(
                    Reason.UNREADABLE_REST,
                    open,
                    "a quote that opens in this line is never closed; close it, or double it if it"
                        + " is part of the text")));
      }
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
    String message =
        String.valueOf(e.getMessage())
            .lines()
            .findFirst()
            .orElse("")
            .replaceFirst("^[\\w.]*Exception - ", "");
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

  /**
   * Sees where a quote opens that is not closed before the end, which the parser takes as it is.
   */
  private static final class QuoteWatch extends FilterReader {
    private final char delimiter;
    private boolean valueBegins = true;
    private boolean quoted;
    private boolean maybeClosed; // by a quote that another may follow, which makes it text
    private long line = 1;
    private long opened;
    private boolean atEnd;

    QuoteWatch(Reader in, char delimiter) {
      super(in);
      this.delimiter = delimiter;
    }

    @Override
    public int read(char[] buffer, int offset, int length) throws IOException {
      int read = super.read(buffer, offset, length);
      atEnd |= read < 0;
      for (int i = offset; i < offset + read; i++) {
        see(buffer[i]);
      }
      return read;
    }

    @Override
    public int read() throws IOException {
      char[] one = new char[1];
      return read(one, 0, 1) < 0 ? -1 : one[0];
    }

    private void see(char c) {
      if (c == '"' && (quoted || valueBegins)) {
        maybeClosed = quoted && !maybeClosed;
        opened = quoted ? opened : line;
        quoted = true;
        valueBegins = false;
        return;
      }
      if (maybeClosed) {
        quoted = false;
        maybeClosed = false;
      }
      boolean ofText = c == '\ufeff' && line == 1;
      valueBegins =
          !quoted && (c == delimiter || c == '\n' || c == '\r' || (ofText && valueBegins));
      line += c == '\n' ? 1 : 0;
    }

    /** The line in which a quote opened that the end of the file has not closed; 0 if none. */
    long neverClosed() {
      return atEnd && quoted && !maybeClosed ? opened : 0;
    }
  }
}
