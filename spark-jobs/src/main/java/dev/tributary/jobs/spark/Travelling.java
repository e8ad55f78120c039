// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Plain values as bytes, between the driver and the executors of one application. Nothing that
 * comes from outside is ever read this way.
 *
 * <p>Java serialisation, as Spark's own closures use it, whatever {@code spark.serializer} says:
 * the Kryo that Spark ships cannot handle records. Optional values travel too, which the platform's
 * streams refuse. Classes are looked for where the user's jars are.
 */
final class Travelling {
  private Travelling() {}

  static byte[] bytes(Object value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (Writer out = new Writer(bytes)) {
      out.writeObject(value);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot send " + value.getClass().getName(), e);
    }
    return bytes.toByteArray();
  }

  static <T> T value(byte[] bytes, Class<T> type) {
    try (Reader in = new Reader(new ByteArrayInputStream(bytes))) {
      return type.cast(in.readObject());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read a " + type.getName(), e);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(
          "Cannot read a "
              + type.getName()
              + ": this executor has no class "
              + e.getMessage()
              + "; pass its jar by --jars",
          e);
    }
  }

  private static final class Writer extends ObjectOutputStream {
    Writer(OutputStream out) throws IOException {
      super(out);
      enableReplaceObject(true);
    }

    @Override
    protected Object replaceObject(Object value) {
      return value instanceof Optional<?> optional ? new Maybe(optional.orElse(null)) : value;
    }
  }

  private record Maybe(@Nullable Object value) implements Serializable {
    private Object readResolve() {
      return Optional.ofNullable(value);
    }
  }

  private static final class Reader extends ObjectInputStream {
    Reader(InputStream in) throws IOException {
      super(in);
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass type)
        throws IOException, ClassNotFoundException {
      ClassLoader users = Thread.currentThread().getContextClassLoader();
      if (users == null) {
        return super.resolveClass(type);
      }
      try {
        return Class.forName(type.getName(), false, users);
      } catch (ClassNotFoundException e) {
        return super.resolveClass(type); // primitives
      }
    }
  }
}
