// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tributary.data.BrokenRecord.Reason;
import dev.tributary.data.Compression.DamagedException;
import dev.tributary.data.CorpusFiles.CorpusFile;
import dev.tributary.data.CorpusFiles.Piece;
import dev.tributary.data.RecordParser.Broken;
import dev.tributary.data.RecordParser.Outcome;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.util.LineReader;

/** Reads one piece of a corpus record by record, in constant memory; for one thread. */
abstract class PieceReader implements Closeable {
  /** The next record, or nothing at the end. */
  abstract Optional<Outcome> next() throws IOException;

  /** How many lines of the piece were read so far, where other pieces can follow in the file. */
  abstract long lines();

  static PieceReader open(CorpusFiles files, Piece piece, Corpus corpus, Configuration hadoop)
      throws IOException {
    CorpusFile file = files.files().get(piece.file());
    FSDataInputStream in = CorpusFiles.open(file, hadoop);
    try {
      RecordParser parser = new RecordParser(corpus);
      return switch (piece.layout()) {
        case LINES -> new LinesReader(in, piece, parser);
        case ARRAY -> new ArrayReader(in, piece.compression(), parser);
        case CSV -> new CsvReader(piece.compression().expanded(in), parser, isTabbed(file));
        case PARQUET -> {
          in.close();
          yield new ParquetRows(new Path(file.location()), hadoop, parser);
        }
      };
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  /** Whether tabs stand between the values of a CSV file, which nothing but its name says. */
  static boolean isTabbed(CorpusFile file) {
    return file.name().matches(".*\\.tsv(\\.\\w+)?");
  }

  private static Optional<Outcome> unreadable(long line, DamagedException e) {
    return broken(Reason.UNREADABLE_REST, line, e.getMessage() + "; fetch it again");
  }

  private static Optional<Outcome> broken(Reason reason, long line, String what) {
    return Optional.of(new Broken(new BrokenRecord(reason, line, what)));
  }

  private static String place(JacksonException e) {
    JsonLocation location = e.getLocation();
    return location == null ? "" : " at column " + location.getColumnNr();
  }

  /** JSON Lines. */
  private static final class LinesReader extends PieceReader {
    /** Longer lines are no records of any corpus; they would fill the heap. */
    private static final int LONGEST_LINE = 1 << 26;

    private final LineReader lines;
    private final RecordParser parser;
    private final long end;
    private final Text line = new Text();
    private final CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    private long position;
    private long number;

    LinesReader(FSDataInputStream in, Piece piece, RecordParser parser) throws IOException {
      this.parser = parser;
      this.end = piece.end();
      // One byte early: a line that begins with the piece is known by the break before it.
      this.position = Math.max(0, piece.start() - 1);
      in.seek(position);
      this.lines = new LineReader(piece.compression().expanded(in), 1 << 16, new byte[] {'\n'});
      if (piece.start() > 0) {
        position += lines.readLine(line, 0, Integer.MAX_VALUE);
      }
    }

    @Override
    long lines() {
      return number;
    }

    @Override
    Optional<Outcome> next() throws IOException {
      while (position < end) {
        int consumed;
        try {
          consumed = lines.readLine(line, LONGEST_LINE + 1, Integer.MAX_VALUE);
        } catch (DamagedException e) {
          position = end;
          return unreadable(number + 1, e);
        }
        if (consumed == 0) {
          return Optional.empty();
        }
        boolean first = position == 0;
        position += consumed;
        number++;
        if (line.getLength() > LONGEST_LINE) {
          return broken(
              Reason.TOO_LONG,
              number,
              "the line is longer than "
                  + (LONGEST_LINE >> 20)
                  + " MiB; is this JSON Lines, one record a line?");
        }
        int from = first && startsWithMark() ? 3 : 0;
        if (!isBlank(from)) {
          return Optional.of(parse(from));
        }
      }
      return Optional.empty();
    }

    private Outcome parse(int from) throws IOException {
      int length = line.getLength() - from;
      if (isAscii(line.getBytes(), from, line.getLength())) {
        return parse(RecordParser.JSON.createParser(line.getBytes(), from, length));
      }
      CharBuffer text;
      try {
        text = decoder.decode(ByteBuffer.wrap(line.getBytes(), from, length));
      } catch (CharacterCodingException e) {
        return new Broken(
            new BrokenRecord(
                Reason.INVALID_TEXT,
                number,
                "the line is not UTF-8 (" + e.getMessage() + "); save the file as UTF-8"));
      }
      return parse(
          RecordParser.JSON.createParser(text.array(), text.arrayOffset(), text.remaining()));
    }

    private Outcome parse(JsonParser parser) throws IOException {
      try (JsonParser json = parser) {
        if (json.nextToken() != JsonToken.START_OBJECT) {
          return brokenJson("the line is no JSON object");
        }
        Outcome outcome = this.parser.object(json, number);
        return json.nextToken() == null
            ? outcome
            : brokenJson("the line goes on after its JSON object");
      } catch (JacksonException e) {
        return brokenJson("broken JSON" + place(e) + ": " + e.getOriginalMessage());
      }
    }

    /** Lines of most corpora are; they need no decoding. Zeros would look like UTF-16. */
    private static boolean isAscii(byte[] bytes, int from, int to) {
      for (int i = from; i < to; i++) {
        if (bytes[i] <= 0) {
          return false;
        }
      }
      return true;
    }

    private Broken brokenJson(String what) {
      return new Broken(
          new BrokenRecord(
              Reason.BROKEN_JSON, number, what + "; every line must be one whole record"));
    }

    private boolean startsWithMark() {
      byte[] bytes = line.getBytes();
      return line.getLength() >= 3
          && bytes[0] == (byte) 0xef
          && bytes[1] == (byte) 0xbb
          && bytes[2] == (byte) 0xbf;
    }

    private boolean isBlank(int from) {
      byte[] bytes = line.getBytes();
      for (int i = from; i < line.getLength(); i++) {
        if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r') {
          return false;
        }
      }
      return true;
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }

  /** A JSON array, in one go. Behind a broken place nothing can be found again. */
  private static final class ArrayReader extends PieceReader {
    private final JsonParser json;
    private final RecordParser parser;
    private boolean ended;

    ArrayReader(FSDataInputStream in, Compression compression, RecordParser parser)
        throws IOException {
      this.parser = parser;
      this.json = RecordParser.JSON.createParser(compression.expanded(in));
    }

    @Override
    long lines() {
      return 0; // an array is one piece
    }

    @Override
    Optional<Outcome> next() throws IOException {
      if (ended) {
        return Optional.empty();
      }
      try {
        if (json.currentToken() == null) {
          json.nextToken(); // the bracket that told the layout
        }
        JsonToken token = json.nextToken();
        long line = json.getTokenLocation().getLineNr();
        if (token == JsonToken.START_OBJECT) {
          return Optional.of(parser.object(json, line));
        }
        if (token == JsonToken.END_ARRAY) {
          ended = true;
          return json.nextToken() == null
              ? Optional.empty()
              : broken(
                  Reason.UNREADABLE_REST,
                  json.getTokenLocation().getLineNr(),
                  "the file goes on after its JSON array; make it one array, or JSON Lines");
        }
        json.skipChildren();
        return broken(
            Reason.WRONG_TYPE, line, "an element of the array is no object; repair the record");
      } catch (JacksonException e) {
        ended = true;
        JsonLocation location = e.getLocation();
        return broken(
            Reason.UNREADABLE_REST,
            location == null ? 1 : location.getLineNr(),
            "broken JSON" + place(e) + ": " + firstLine(e.getOriginalMessage()) + "; repair it");
      } catch (DamagedException e) {
        ended = true;
        return unreadable(json.getCurrentLocation().getLineNr(), e);
      }
    }

    private static String firstLine(String message) {
      return message.lines().findFirst().orElse("");
    }

    @Override
    public void close() throws IOException {
      json.close();
    }
  }
}
