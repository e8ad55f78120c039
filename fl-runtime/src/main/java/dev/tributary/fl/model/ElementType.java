// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.Arrays;
import java.util.Optional;

/** Number formats that a {@code .safetensors} file may hold. */
public enum ElementType {
  F64(8),
  F32(4),
  BF16(2),
  F16(2),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U64(8),
  U32(4),
  U16(2),
  U8(1),
  BOOL(1),
  F8_E4M3(1),
  F8_E5M2(1);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  public int bytes() {
    return bytes;
  }

  /** The type that a file names, if it is one of these. */
  public static Optional<ElementType> named(String name) {
    return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
  }

  public static ElementType of(DType dtype) {
    return valueOf(dtype.safetensorsName());
  }

  /** The format as a model's weights may have it; empty for all others. */
  public Optional<DType> weightType() {
    return Arrays.stream(DType.values())
        .filter(dtype -> dtype.safetensorsName().equals(name()))
        .findFirst();
  }
}
