// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.AbstractList;
import java.util.List;

/** A list that is written in round brackets. */
final class Tuple extends AbstractList<Object> {
  private final List<Object> elements;

  Tuple(List<Object> elements) {
    this.elements = elements;
  }

  @Override
  public Object get(int index) {
    return elements.get(index);
  }

  @Override
  public int size() {
    return elements.size();
  }
}
