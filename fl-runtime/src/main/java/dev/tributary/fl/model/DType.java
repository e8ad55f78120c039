// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

/** Number formats of a base model, in files and in compute. */
public enum DType {
  FLOAT32("float32", "F32", 4),
  BFLOAT16("bfloat16", "BF16", 2),
  FLOAT16("float16", "F16", 2);

  /** The way out where {@link #isComputed} says no. */
  public static final String NOT_COMPUTED =
      "gradients leave its range; give bfloat16 or float32 (files may be float16)";

  private final String label;
  private final String safetensorsName;
  private final int bytes;

  DType(String label, String safetensorsName, int bytes) {
    this.label = label;
    this.safetensorsName = safetensorsName;
    this.bytes = bytes;
  }

  /** Whether models compute in this format, not only read files of it: all but float16 (yet). */
  public boolean isComputed() {
    return this != FLOAT16;
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
