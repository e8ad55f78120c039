// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.jobs.experiment.Tree.Entry;
import dev.tributary.jobs.experiment.Tree.Mapping;
import dev.tributary.jobs.experiment.Tree.Scalar;
import dev.tributary.jobs.experiment.Tree.Sequence;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * From YAML text to a {@link Tree}. Only composes: nothing of the text becomes an object of a class
 * that the text names. Tags, references to collections ({@code *name}) and repeated keys are
 * refused.
 */
final class TreeParser {
  private final Function<Mark, Place> places;
  private final List<LocatedFault> faults;

  private TreeParser(Function<Mark, Place> places, List<LocatedFault> faults) {
    this.places = places;
    this.faults = faults;
  }

  /**
   * Parses a file.
   *
   * @param source what messages call it
   * @param faults what is wrong is added here
   * @return what could be read; empty if the text is not YAML or there is nothing in it
   */
  static Optional<Tree> parse(String text, String source, List<LocatedFault> faults) {
    return new TreeParser(mark -> new Place(source, mark.getLine() + 1), faults)
        .parse(text, new Place(source, 1));
  }

  /** Parses a value that stands in one place, e.g. the right side of {@code key=value}. */
  static Optional<Tree> parseValue(String text, Place place, List<LocatedFault> faults) {
    if (text.isBlank()) {
      return Optional.of(new Scalar("", true, place));
    }
    return new TreeParser(mark -> place, faults).parse(text, place);
  }

  private Optional<Tree> parse(String text, Place beginning) {
    LoaderOptions options = new LoaderOptions();
    options.setMaxAliasesForCollections(0); // no cycles, and no text that unfolds to gigabytes
    Node root;
    try {
      root = new Yaml(new SafeConstructor(options)).compose(new StringReader(text));
    } catch (MarkedYAMLException e) {
      // What is never closed is noticed at the end only; its beginning is of more use.
      Mark mark =
          String.valueOf(e.getProblem()).contains("end") && e.getContextMark() != null
              ? e.getContextMark()
              : e.getProblemMark();
      faults.add(LocatedFault.at(mark == null ? beginning : places.apply(mark), syntax(e, mark)));
      return Optional.empty();
    } catch (YAMLException e) {
      String message = String.valueOf(e.getMessage());
      faults.add(
          LocatedFault.at(
              beginning,
              message.contains("aliases")
                  ? "references to groups and lists (*name) are not read; write the values out"
                  : "this is not YAML: " + message.lines().findFirst().orElse("")));
      return Optional.empty();
    }
    return root == null ? Optional.empty() : Optional.of(tree(root, ""));
  }

  private static String syntax(MarkedYAMLException e, @Nullable Mark mark) {
    String problem = String.valueOf(e.getProblem());
    int foreignTag = problem.indexOf(Tag.PREFIX);
    if (problem.contains("tag is not allowed") && foreignTag >= 0) {
      return tagRefused("!!" + problem.substring(foreignTag + Tag.PREFIX.length()));
    }
    String context = e.getContext() == null ? "" : e.getContext() + ", ";
    String remedy =
        problem.contains("TAB") || problem.contains("'\\t")
            ? "indent with spaces"
            : "check indentation, colons, quotes and brackets";
    int column = mark == null ? 0 : mark.getColumn() + 1;
    return "this is not YAML: "
        + context
        + problem
        + (column > 0 ? " (column " + column + ")" : "")
        + "; "
        + remedy;
  }

  private static String tagRefused(String tag) {
    return "the tag " + tag + " is not read; write the plain value";
  }

  private Tree tree(Node node, String path) {
    Place place = places.apply(node.getStartMark());
    String tag = node.getTag().getValue();
    if (!tag.startsWith(Tag.PREFIX)) {
      faults.add(LocatedFault.at(place, tagRefused(tag)));
    }
    if (node instanceof ScalarNode scalar) {
      boolean plain = scalar.getScalarStyle() == ScalarStyle.PLAIN;
      return new Scalar(scalar.getValue(), plain, place);
    }
    if (node instanceof SequenceNode sequence) {
      List<Tree> items = new ArrayList<>();
      for (Node item : sequence.getValue()) {
        items.add(tree(item, path + "[" + items.size() + "]"));
      }
      return new Sequence(items, place);
    }
    if (node instanceof MappingNode mapping) {
      return mapping(mapping, path, place);
    }
    throw new IllegalStateException("a composed YAML node is one of three kinds, not " + node);
  }

  private Mapping mapping(MappingNode mapping, String path, Place place) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      Place keyPlace = places.apply(tuple.getKeyNode().getStartMark());
      if (!(tuple.getKeyNode() instanceof ScalarNode keyNode)) {
        faults.add(
            LocatedFault.at(keyPlace, "a key must be a word, not a group or list; take it out"));
        continue;
      }
      String key = keyNode.getValue();
      String full = path.isEmpty() ? key : path + "." + key;
      Entry earlier = entries.get(key);
      if (earlier != null) {
        faults.add(
            LocatedFault.at(
                keyPlace,
                String.format(
                    Locale.ROOT,
                    "%s stands here again, first in line %d; take one of them out",
                    full,
                    earlier.place().line())));
        continue;
      }
      entries.put(key, new Entry(keyPlace, tree(tuple.getValueNode(), full)));
    }
    return new Mapping(entries, place);
  }
}
