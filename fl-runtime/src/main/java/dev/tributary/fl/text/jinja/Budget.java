// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.List;
import java.util.Map;

/**
 * What a render may still do: a template comes with a checkpoint from anywhere, and must not run
 * for ever or fill the memory. A step is an expression evaluated, a statement done or a loop begun
 * anew; a text or list costs steps by its length, when it is made and when it is used.
 */
final class Budget {
  /** Real templates take some hundred steps a message. */
  private static final long STEPS = 5_000_000;

  private static final int CHARACTERS_PER_STEP = 64;
  private static final int LONGEST_TEXT = 1 << 26;
  private static final int LONGEST_LIST = 100_000;
  private static final int DEEPEST_CALL = 100;
  private static final int DEEPEST_VALUE = 100;

  private long steps = STEPS;
  private int depth;

  void step() {
    steps(1);
  }

  /**
   * Takes the price of a value that something is done with next: by its size, everything in it
   * counted where it stands, however often the same list does. So whatever looks through a value
   * once, to print or compare it, is paid for.
   */
  void use(Object value) {
    if (value instanceof String text) {
      steps(text.length() / CHARACTERS_PER_STEP);
    } else if (value instanceof List || value instanceof Map) {
      use(value, 0);
    }
  }

  private void use(Object value, int depth) {
    if (depth > DEEPEST_VALUE) {
      throw new JinjaException("a value is nested more than " + DEEPEST_VALUE + " deep");
    }
    steps(1);
    if (value instanceof List<?> list) {
      for (Object element : list) {
        use(element, depth + 1);
      }
    } else if (value instanceof Map<?, ?> map) {
      map.forEach(
          (key, element) -> {
            use(key, depth + 1);
            use(element, depth + 1);
          });
    } else {
      use(value);
    }
  }

  /** Takes the price of going through so many elements or characters one by one. */
  void visit(long elements) {
    steps(elements);
  }

  /** To be asked before a text of this length is made. */
  void text(long characters) {
    if (characters > LONGEST_TEXT) {
      throw new JinjaException(
          "a text of "
              + characters
              + " characters would be made; more than "
              + LONGEST_TEXT
              + " are not allowed");
    }
    steps(characters / CHARACTERS_PER_STEP);
  }

  /** To be asked before a list of this length is made. */
  void list(long elements) {
    if (elements > LONGEST_LIST) {
      throw new JinjaException(
          "a list of "
              + elements
              + " elements would be made; more than "
              + LONGEST_LIST
              + " are not allowed");
    }
    steps(elements);
  }

  void enterCall() {
    if (++depth > DEEPEST_CALL) {
      throw new JinjaException("macros call each other more than " + DEEPEST_CALL + " deep");
    }
  }

  void leaveCall() {
    depth--;
  }

  private void steps(long more) {
    steps -= more;
    if (steps < 0) {
      throw new JinjaException("the template does not end within " + STEPS + " steps");
    }
  }
}
