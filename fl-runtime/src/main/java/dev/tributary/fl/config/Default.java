// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The value of a record's component that the experiment file leaves out, written as the file would
 * write it (YAML): {@code @Default("0.0")}, {@code @Default("[q_proj, v_proj]")},
 * {@code @Default("{name: fedavg}")}. A component without it must be given, unless it is an {@code
 * Optional}.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
  String value();
}
