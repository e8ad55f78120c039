// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} says. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String version = Version.class.getPackage().getImplementationVersion();
    return new String[] {
      "tributary " + (version == null ? "(development)" : version),
      "Java " + System.getProperty("java.version"),
    };
  }
}
