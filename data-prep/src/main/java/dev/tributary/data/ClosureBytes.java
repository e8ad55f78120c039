// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import java.io.Serializable;
import java.nio.ByteBuffer;
import org.apache.spark.SparkEnv;
import scala.reflect.ClassTag;

/**
 * Values as bytes that may be broadcast, between the driver and the executors of one application:
 * as Spark serialises closures, which is Java's way whatever {@code spark.serializer} says. A value
 * that is broadcast itself goes through Kryo where a session is set to it, and Kryo cannot handle
 * records.
 */
public final class ClosureBytes {
  private ClosureBytes() {}

  public static <T extends Serializable> byte[] of(T value, Class<T> type) {
    ByteBuffer bytes =
        SparkEnv.get().closureSerializer().newInstance().serialize(value, ClassTag.apply(type));
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    return copy;
  }

  public static <T extends Serializable> T value(byte[] bytes, Class<T> type) {
    return SparkEnv.get()
        .closureSerializer()
        .newInstance()
        .deserialize(ByteBuffer.wrap(bytes), ClassTag.apply(type));
  }
}
