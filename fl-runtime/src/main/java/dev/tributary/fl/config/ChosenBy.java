// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a provider interface: which key of the experiment file names the choice, where it is not
 * {@code name}; adapters are chosen by {@code method}.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface ChosenBy {
  String value();
}
