// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.jobs.experiment.Tree.Entry;
import dev.tributary.jobs.experiment.Tree.Mapping;
import dev.tributary.jobs.experiment.Tree.Scalar;
import dev.tributary.jobs.experiment.Tree.Sequence;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code key=value} of the command line: puts a value, written as in YAML, in the place of what the
 * file says. Keys lead into groups by dots and into lists by a number: {@code training.rounds=2},
 * {@code evaluation.tasks[0].limit=10} (or {@code evaluation.tasks.0.limit=10}), {@code
 * adapter.target-modules=[q_proj]}.
 */
record KeyOverride(String text, List<String> keys, Tree value) {
  /** A step into a list, counted from 0. */
  private static final Pattern INDEX = Pattern.compile("\\[(\\d{1,6})]");

  private static final Pattern PATH =
      Pattern.compile("[^\\s.\\[\\]=]+(\\[\\d{1,6}])*(\\.[^\\s.\\[\\]=]+(\\[\\d{1,6}])*)*");

  /** What stands for the name of a choice that a file writes short: {@code algorithm: fedavg}. */
  static final String SHORT_NAME = "";

  /** Empty, with a fault noted, if the text is not of the form. */
  static Optional<KeyOverride> parse(String text, List<LocatedFault> faults) {
    int equals = text.indexOf('=');
    if (equals < 1 || !PATH.matcher(text.substring(0, equals).strip()).matches()) {
      faults.add(
          LocatedFault.at(
              Place.COMMAND_LINE,
              "'" + text + "' does not set a key; write key=value, e.g. training.rounds=2"));
      return Optional.empty();
    }
    List<String> keys = new ArrayList<>();
    for (String part : text.substring(0, equals).strip().split("\\.", -1)) {
      int bracket = part.indexOf('[');
      keys.add(bracket < 0 ? part : part.substring(0, bracket));
      Matcher index = INDEX.matcher(part);
      while (index.find()) {
        keys.add(index.group());
      }
    }
    return TreeParser.parseValue(text.substring(equals + 1), Place.COMMAND_LINE, faults)
        .map(value -> new KeyOverride(text, List.copyOf(keys), value));
  }

  /** The tree with the value in it; unchanged, with a fault noted, if there is no such place. */
  Tree applyTo(Tree tree, List<LocatedFault> faults) {
    return set(tree, 0, faults);
  }

  private Tree set(Tree tree, int depth, List<LocatedFault> faults) {
    if (depth == keys.size()) {
      return value;
    }
    String key = keys.get(depth);
    Matcher index = INDEX.matcher(tree instanceof Sequence ? bracketed(key) : key);
    if (index.matches()) {
      int position = Integer.parseInt(index.group(1));
      if (tree instanceof Sequence list && position < list.items().size()) {
        List<Tree> items = new ArrayList<>(list.items());
        items.set(position, set(items.get(position), depth + 1, faults));
        return new Sequence(items, list.place());
      }
      String length =
          tree instanceof Sequence list
              ? "the list has " + list.items().size() + " entries, counted from 0"
              : "there is no list";
      faults.add(
          LocatedFault.at(
              Place.COMMAND_LINE, text + " has no place: " + length + "; give the whole list"));
      return tree;
    }
    if (tree instanceof Mapping group) {
      Optional<Entry> old = group.entry(key);
      Tree inner = old.map(Entry::value).orElse(nothing());
      Place place =
          depth == keys.size() - 1
              ? Place.COMMAND_LINE
              : old.map(Entry::place).orElse(Place.COMMAND_LINE);
      return group.with(key, new Entry(place, set(inner, depth + 1, faults)));
    }
    if (tree instanceof Scalar scalar) {
      Map<String, Entry> entries = new LinkedHashMap<>();
      if (!scalar.isNothing()) {
        entries.put(SHORT_NAME, new Entry(scalar.place(), scalar));
      }
      Mapping group = new Mapping(entries, scalar.place());
      return group.with(key, new Entry(Place.COMMAND_LINE, set(nothing(), depth + 1, faults)));
    }
    faults.add(
        LocatedFault.at(
            Place.COMMAND_LINE,
            text + " has no place: there is a list; lead into it by a number, e.g. [0]"));
    return tree;
  }

  /** {@code tasks.0.limit} means {@code tasks[0].limit}, as there is a list. */
  private static String bracketed(String key) {
    return key.matches("\\d{1,6}") ? "[" + key + "]" : key;
  }

  private static Scalar nothing() {
    return new Scalar("", true, Place.COMMAND_LINE);
  }
}
