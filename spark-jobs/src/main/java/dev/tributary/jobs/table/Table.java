// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * A table: its name, and the columns that a kind of record fills. Every table begins with what it
 * is of and {@code experiment}, so that tables of many runs, or of many splits, can be read as one.
 *
 * @param <R> what a row holds beside those two
 */
public final class Table<R extends Record> {
  /**
   * A column.
   *
   * @param name in snake case, with its unit
   * @param type in Spark SQL
   * @param nullable whether it may be empty
   * @param meaning in words
   */
  public record Column(String name, DataType type, boolean nullable, String meaning) {}

  /** What tables are of, and the column that says which one: the first of all. */
  public enum Subject {
    RUN("run_id", "the run; the same after a resume"),
    SPLIT("data_sha256", "hash of the split's content, as the table `runs` has it");

    private final String column;
    private final String meaning;

    Subject(String column, String meaning) {
      this.column = column;
      this.meaning = meaning;
    }
  }

  /**
   * A row as it is stored.
   *
   * @param subject the run's id, or the hash of the split's content
   */
  public record Stored<R extends Record>(String subject, String experiment, R values) {}

  private static final int OWN = 2;

  private static final Map<Type, DataType> TYPES =
      Map.of(
          String.class, DataTypes.StringType,
          int.class, DataTypes.IntegerType,
          Integer.class, DataTypes.IntegerType,
          long.class, DataTypes.LongType,
          Long.class, DataTypes.LongType,
          double.class, DataTypes.DoubleType,
          Double.class, DataTypes.DoubleType,
          Instant.class, DataTypes.TimestampType);

  private final Subject subject;
  private final String name;
  private final String meaning;
  private final Class<R> rowType;
  private final List<Column> columns;

  private Table(
      Subject subject, String name, String meaning, Class<R> rowType, List<Column> columns) {
    this.subject = subject;
    this.name = name;
    this.meaning = meaning;
    this.rowType = rowType;
    this.columns = columns;
  }

  /**
   * @param meanings one for each component of the record, by its name as a column
   */
  static <R extends Record> Table<R> of(
      Subject subject,
      String name,
      String meaning,
      Class<R> rowType,
      Map<String, String> meanings) {
    List<Column> columns = new ArrayList<>();
    columns.add(new Column(subject.column, DataTypes.StringType, false, subject.meaning));
    columns.add(
        new Column("experiment", DataTypes.StringType, false, "name in the experiment file"));
    for (RecordComponent component : rowType.getRecordComponents()) {
      String column = columnName(component.getName());
      String says = meanings.get(column);
      if (says == null) {
        throw new IllegalArgumentException("Nothing says what " + name + "." + column + " means");
      }
      columns.add(new Column(column, dataType(component), isOptional(component), says));
    }
    if (meanings.size() != columns.size() - OWN) {
      throw new IllegalArgumentException("Some of " + meanings.keySet() + " are not in " + rowType);
    }
    return new Table<>(subject, name, meaning, rowType, List.copyOf(columns));
  }

  /** {@code peakMemoryBytes} as {@code peak_memory_bytes}, {@code dataSha256} as it is spoken. */
  private static String columnName(String component) {
    return component.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
  }

  private static boolean isOptional(RecordComponent component) {
    return component.getType() == Optional.class;
  }

  private static DataType dataType(RecordComponent component) {
    Type type =
        component.getGenericType() instanceof ParameterizedType generic && isOptional(component)
            ? generic.getActualTypeArguments()[0]
            : component.getGenericType();
    DataType known = TYPES.get(type);
    if (known == null) {
      throw new IllegalArgumentException(component + " cannot be a column");
    }
    return known;
  }

  public Subject subject() {
    return subject;
  }

  public String name() {
    return name;
  }

  /** What a row is, in words. */
  public String meaning() {
    return meaning;
  }

  public List<Column> columns() {
    return columns;
  }

  public StructType schema() {
    return new StructType(
        columns.stream()
            .map(c -> DataTypes.createStructField(c.name(), c.type(), c.nullable()))
            .toArray(StructField[]::new));
  }

  /** A row for {@link #schema()}. */
  Row row(Stored<R> stored) {
    Object[] cells = new Object[columns.size()];
    cells[0] = stored.subject();
    cells[1] = stored.experiment();
    RecordComponent[] components = rowType.getRecordComponents();
    for (int i = 0; i < components.length; i++) {
      try {
        cells[OWN + i] = cell(components[i].getAccessor().invoke(stored.values()));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("Cannot read " + components[i], e);
      }
    }
    return RowFactory.create(cells);
  }

  private static @Nullable Object cell(@Nullable Object value) {
    if (value instanceof Optional<?> optional) {
      return cell(optional.orElse(null));
    }
    return value instanceof Instant instant ? Timestamp.from(instant) : value;
  }

  /** The record of a row; columns that its file does not have yet are empty, or 0. */
  Stored<R> stored(Row row) {
    List<String> present = Arrays.asList(row.schema().fieldNames());
    Object[] values =
        IntStream.range(0, columns.size() - OWN)
            .mapToObj(
                i -> {
                  Column column = columns.get(OWN + i);
                  int at = present.indexOf(column.name());
                  Optional<Object> cell =
                      at < 0 || row.isNullAt(at)
                          ? Optional.empty()
                          : Optional.of(component(row.get(at)));
                  return column.nullable() ? cell : cell.orElseGet(() -> nothing(column.type()));
                })
            .toArray();
    try {
      Class<?>[] types =
          Arrays.stream(rowType.getRecordComponents())
              .map(RecordComponent::getType)
              .toArray(Class<?>[]::new);
      R record = rowType.getDeclaredConstructor(types).newInstance(values);
      String of = row.getString(row.fieldIndex(subject.column));
      return new Stored<>(of, row.getString(row.fieldIndex("experiment")), record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Cannot make a " + rowType + " of a row of " + name, e);
    }
  }

  private static Object component(Object cell) {
    return cell instanceof Timestamp timestamp ? timestamp.toInstant() : cell;
  }

  private static Object nothing(DataType type) {
    if (type.equals(DataTypes.StringType)) {
      return "";
    }
    if (type.equals(DataTypes.TimestampType)) {
      return Instant.EPOCH;
    }
    if (type.equals(DataTypes.IntegerType)) {
      return 0;
    }
    return type.equals(DataTypes.LongType) ? (Object) 0L : (Object) 0.0;
  }
}
