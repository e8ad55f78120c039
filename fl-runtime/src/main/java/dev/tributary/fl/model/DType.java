// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

/** Number formats of a base model, in files and in compute. */
public enum DType {
  FLOAT32("float32", "F32", 4),
  BFLOAT16("bfloat16", "BF16", 2),
  FLOAT16("float16", "F16", 2);

  private final String label;
  private final String safetensorsName;
  private final int bytes;

  DType(String label, String safetensorsName, int bytes) {
    this.label = label;
    this.safetensorsName = safetensorsName;
    this.bytes = bytes;
  }

  /** As experiment files and {@code torch_dtype} write it. */
  public String label() {
    return label;
  }

  public String safetensorsName() {
    return safetensorsName;
  }

  public int bytes() {
    return bytes;
  }

  @Override
  public String toString() {
    return label;
  }
}
