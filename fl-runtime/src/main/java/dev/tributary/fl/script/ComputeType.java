// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.ElementType;

/** Number formats of compute and of files, by libtorch's own numbers for them. */
enum ComputeType {
  FLOAT32(6),
  BFLOAT16(15),
  FLOAT16(5),
  /** For tests of the arithmetic only. */
  FLOAT64(7);

  private final int number;

  ComputeType(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  static ComputeType of(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> FLOAT32;
      case BFLOAT16 -> BFLOAT16;
      case FLOAT16 -> FLOAT16;
    };
  }

  /** libtorch's number of a format that weights are stored in. */
  static int stored(ElementType type) {
    return switch (type) {
      case F32 -> 6;
      case BF16 -> 15;
      case F16 -> 5;
      default -> throw new IllegalArgumentException("weights are not stored as " + type);
    };
  }
}
