// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A configuration cannot be used; holds all faults found, never only the first. Exit code 2. */
public final class ConfigException extends InputException {
  private static final long serialVersionUID = 1;

  private final transient List<Fault> faults;

  public ConfigException(List<Fault> faults) {
    super(faults.stream().map(Fault::message).collect(Collectors.joining("\n")));
    this.faults = List.copyOf(faults);
  }

  public ConfigException(String key, @Nullable Object value, String remedy) {
    this(List.of(new Fault(key, value, remedy)));
  }

  public List<Fault> faults() {
    return faults;
  }
}
