// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

import java.io.InvalidObjectException;
import java.io.ObjectStreamException;
import java.io.Serializable;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a configuration with {@link Optional} components travels to executors: {@code Optional} is
 * not serialisable, so such a record writes this in its place.
 *
 * <pre>{@code
 * private Object writeReplace() {
 *   return Portable.of(this);
 * }
 * }</pre>
 */
public final class Portable implements Serializable {
  private static final long serialVersionUID = 1;

  /** Stands for an optional component, as none other can be told from its value. */
  private record Maybe(@Nullable Object value) implements Serializable {}

  private final Class<? extends Record> type;

  @SuppressWarnings("serial") // components of configurations are serialisable, or it fails loudly
  private final @Nullable Object[] components;

  private Portable(Class<? extends Record> type, @Nullable Object[] components) {
    this.type = type;
    this.components = components;
  }

  /** The components of a record, which is made anew by its constructor where they arrive. */
  public static Portable of(Record record) {
    RecordComponent[] declared = record.getClass().getRecordComponents();
    @Nullable Object[] values = new Object[declared.length];
    try {
      for (int i = 0; i < declared.length; i++) {
        declared[i].getAccessor().setAccessible(true);
        Object value = declared[i].getAccessor().invoke(record);
        values[i] = value instanceof Optional<?> maybe ? new Maybe(maybe.orElse(null)) : value;
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Cannot read the components of " + record.getClass(), e);
    }
    return new Portable(record.getClass(), values);
  }

  private Object readResolve() throws ObjectStreamException {
    Class<?>[] types =
        Arrays.stream(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    @Nullable Object[] values =
        Arrays.stream(components)
            .map(value -> value instanceof Maybe maybe ? Optional.ofNullable(maybe.value()) : value)
            .toArray();
    try {
      Constructor<? extends Record> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (ReflectiveOperationException e) {
      InvalidObjectException fault = new InvalidObjectException("Cannot make a " + type.getName());
      fault.initCause(e);
      throw fault;
    }
  }
}
