// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model on a hub, as users write it: {@code org/model}, {@code org/model@revision}.
 *
 * @param organisation who has put it there
 * @param model its name there
 * @param revision a branch, a tag, or a commit in 40 hexadecimal digits
 */
public record ModelName(String organisation, String model, String revision) {
  /** The branch that is meant where none is named. */
  public static final String MAIN = "main";

  private static final int LONGEST = 96;
  private static final String PART = "[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?";
  private static final Pattern NAME =
      Pattern.compile("(" + PART + ")/(" + PART + ")(?:@([A-Za-z0-9_][A-Za-z0-9_./+-]*))?");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

  /**
   * Reads a name; by the hub's own rules, so that most paths are none.
   *
   * @return empty if it can be no model's name, but a path only
   */
  public static Optional<ModelName> of(String text) {
    Matcher name = NAME.matcher(text);
    if (!name.matches()) {
      return Optional.empty();
    }
    String id = name.group(1) + "/" + name.group(2);
    String revision = name.group(3) == null ? MAIN : name.group(3);
    // A revision is a file below refs/ in the cache, and must stay there.
    boolean odd =
        id.length() > LONGEST
            || id.contains("--")
            || id.contains("..")
            || id.endsWith(".git")
            || revision.contains("..")
            || revision.contains("//")
            || revision.endsWith("/");
    return odd
        ? Optional.empty()
        : Optional.of(new ModelName(name.group(1), name.group(2), revision));
  }

  /** Without the revision: what model cards call it. */
  public String id() {
    return organisation + "/" + model;
  }

  /** The same model at another revision. */
  public ModelName at(String other) {
    return new ModelName(organisation, model, other);
  }

  /** Whether the revision is a commit, whose content never changes. */
  public boolean isCommit() {
    return isCommit(revision);
  }

  static boolean isCommit(String revision) {
    return COMMIT.matcher(revision).matches();
  }

  /** As users write it. */
  @Override
  public String toString() {
    return revision.equals(MAIN) ? id() : id() + "@" + revision;
  }
}
