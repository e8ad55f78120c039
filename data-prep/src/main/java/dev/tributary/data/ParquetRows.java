// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.data.BrokenRecord.Reason;
import dev.tributary.data.RecordParser.Broken;
import dev.tributary.data.RecordParser.Cell;
import dev.tributary.data.RecordParser.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.Type;

/** A Parquet file, row by row; a row's line is its number. Columns of columns are no values. */
final class ParquetRows extends PieceReader {
  private final ParquetReader<Group> rows;
  private final RecordParser parser;
  private long number;
  private boolean ended;

  ParquetRows(Path file, Configuration hadoop, RecordParser parser) throws IOException {
    this.parser = parser;
    this.rows = ParquetReader.builder(new GroupReadSupport(), file).withConf(hadoop).build();
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
    Group row;
    try {
      row = rows.read();
    } catch (RuntimeException e) { // "is not a Parquet file", a footer that is cut off
      ended = true;
      return Optional.of(
          new Broken(
              new BrokenRecord(
                  Reason.UNREADABLE_REST,
                  number + 1,
                  "the Parquet file is damaged (" + e.getMessage() + "); fetch it again")));
    }
    if (row == null) {
      ended = true;
      return Optional.empty();
    }
    number++;
    List<String> columns = new ArrayList<>();
    List<Cell> cells = new ArrayList<>();
    List<Type> types = row.getType().getFields();
    for (int i = 0; i < types.size(); i++) {
      columns.add(types.get(i).getName());
      cells.add(cell(row, i, types.get(i)));
    }
    return Optional.of(parser.row(columns, cells, number));
  }

  private static Cell cell(Group row, int index, Type type) {
    if (!type.isPrimitive() || row.getFieldRepetitionCount(index) == 0) {
      return new Cell(Optional.empty(), false);
    }
    boolean text =
        type.getLogicalTypeAnnotation()
            instanceof LogicalTypeAnnotation.StringLogicalTypeAnnotation;
    return new Cell(
        Optional.of(text ? row.getString(index, 0) : row.getValueToString(index, 0)), text);
  }

  @Override
  public void close() throws IOException {
    rows.close();
  }
}
