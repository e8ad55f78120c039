// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Fault;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.config.Provider;
import dev.tributary.fl.config.Providers;
import dev.tributary.jobs.experiment.Tree.Entry;
import dev.tributary.jobs.experiment.Tree.Mapping;
import dev.tributary.jobs.experiment.Tree.Scalar;
import dev.tributary.jobs.experiment.Tree.Sequence;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Fills configuration records from a {@link Tree}, and notes everything that is wrong on the way:
 * what could not be read keeps nothing else from being checked.
 *
 * <p>A record's components are keys in kebab-case. Their types may be {@code int}, {@code long},
 * {@code double}, {@code boolean}, {@code String}, {@code Path}, enums, records, {@link Choice},
 * and {@code Optional}, {@code List} and {@code Map<String, ...>} of these.
 */
final class RecordReader {
  private static final Pattern WHOLE = Pattern.compile("[-+]?(0|[1-9](_?\\d)*)");
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][-+]?\\d+)?");
  private static final Pattern STEP = Pattern.compile("\\.|(?=\\[)");
  private static final int LONGEST_VALUE_SHOWN = 80;

  /**
   * Where a value stands.
   *
   * @param place shown with its faults: its key's, or that of the nearest group around it
   * @param path its keys from the top of the file; empty at the top
   */
  record Site(Place place, String path) {
    Site key(String key, Place at) {
      return new Site(at, path.isEmpty() ? key : path + "." + key);
    }

    Site item(int index, Place at) {
      return new Site(at, path + "[" + index + "]");
    }
  }

  private final KnownKeys everywhere;
  private final List<LocatedFault> faults;

  /**
   * @param everywhere keys of the whole file, to suggest where a misplaced one belongs
   * @param faults what is wrong is added here
   */
  RecordReader(KnownKeys everywhere, List<LocatedFault> faults) {
    this.everywhere = everywhere;
    this.faults = faults;
  }

  /** Empty, with faults noted, if the record cannot be made. */
  <R extends Record> Optional<R> read(Class<R> type, Tree tree, Site site) {
    return value(type, tree, site).map(type::cast);
  }

  /** As {@link #read}, of a choice that stands alone. */
  @SuppressWarnings("unchecked") // providers of a kind give things of that kind
  <T> Optional<Choice<T>> choose(Class<T> kind, Tree tree, Site site) {
    return choice(kind, tree, site).map(choice -> (Choice<T>) choice);
  }

  // One value, by the type of its component.

  private Optional<Object> value(Type type, Tree tree, Site site) {
    if (type instanceof ParameterizedType generic) {
      Class<?> raw = (Class<?>) generic.getRawType();
      Type[] arguments = generic.getActualTypeArguments();
      if (raw == Optional.class) {
        return value(arguments[0], tree, site).map(Optional::of);
      }
      if (raw == List.class) {
        return list(arguments[0], tree, site);
      }
      if (raw == Map.class && arguments[0] == String.class) {
        return map(arguments[1], tree, site);
      }
      if (raw == Choice.class) {
        return choice((Class<?>) arguments[0], tree, site);
      }
    } else if (type instanceof Class<?> plain) {
      if (plain.isRecord()) {
        if (tree instanceof Mapping group) {
          return group(plain, group, site, Set.of(), true);
        }
        return refuse(site, tree, "give a group with keys of " + keys(plain));
      }
      return scalar(plain, tree, site);
    }
    throw new IllegalStateException(
        site.path() + " is of the type " + type + ", which experiment files cannot fill");
  }

  private Optional<Object> scalar(Class<?> type, Tree tree, Site site) {
    Optional<Object> read =
        tree instanceof Scalar scalar ? convert(type, scalar) : Optional.empty();
    return read.isPresent() ? read : refuse(site, tree, wanted(type, tree));
  }

  private static Optional<Object> convert(Class<?> type, Scalar scalar) {
    String text = scalar.value();
    if (type == String.class) {
      return Optional.of(text);
    }
    if (type == Path.class) {
      return Optional.of(Path.of(text));
    }
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .filter(constant -> kebab((Enum<?>) constant).equals(text))
          .map(Object.class::cast)
          .findFirst();
    }
    if (!scalar.plain()) {
      return Optional.empty(); // '3' in quotes is text
    }
    if (type == boolean.class || type == Boolean.class) {
      return switch (text) {
        case "true" -> Optional.of(true);
        case "false" -> Optional.of(false);
        default -> Optional.empty();
      };
    }
    if (type == double.class || type == Double.class) {
      // YAML 1.1 takes 1e-3 for text, as it has no point; people write it all the same.
      return Optional.of(text)
          .filter(t -> NUMBER.matcher(t).matches())
          .map(Double::valueOf)
          .filter(Double::isFinite)
          .map(Object.class::cast);
    }
    if (!WHOLE.matcher(text).matches()) {
      return Optional.empty();
    }
    try {
      String digits = text.replace("_", "");
      if (type == int.class || type == Integer.class) {
        return Optional.of(Integer.valueOf(digits));
      }
      if (type == long.class || type == Long.class) {
        return Optional.of(Long.valueOf(digits));
      }
    } catch (NumberFormatException beyondTheRange) {
      return Optional.empty();
    }
    throw new IllegalStateException("experiment files cannot fill a " + type);
  }

  private static String wanted(Class<?> type, Tree tree) {
    String given = tree instanceof Scalar scalar ? scalar.value() : "";
    if (type.isEnum()) {
      List<String> names = names(type);
      return hint(given, names) + "choose one of " + names;
    }
    if (type == String.class || type == Path.class) {
      return type == Path.class ? "give a path" : "give a text";
    }
    if (type == boolean.class || type == Boolean.class) {
      return "give true or false";
    }
    boolean quoted = tree instanceof Scalar scalar && !scalar.plain();
    if (type == double.class || type == Double.class) {
      return "give a number" + (quoted ? " without quotes" : ", e.g. 0.5 or 3e-4");
    }
    if (WHOLE.matcher(given).matches() && !quoted) {
      boolean isInt = type == int.class || type == Integer.class;
      return "give a whole number of at most " + (isInt ? Integer.MAX_VALUE : Long.MAX_VALUE);
    }
    return "give a whole number" + (quoted ? " without quotes" : ", e.g. 8");
  }

  private Optional<Object> list(Type element, Tree tree, Site site) {
    if (!(tree instanceof Sequence sequence)) {
      String remedy =
          tree instanceof Scalar && element == String.class
              ? "give a list, e.g. [" + tree.text() + "]"
              : "give a list: entries in [ ], or each on a line of its own after '- '";
      return refuse(site, tree, remedy);
    }
    List<Object> read = new ArrayList<>();
    for (int i = 0; i < sequence.items().size(); i++) {
      Tree item = sequence.items().get(i);
      value(element, item, site.item(i, item.place())).ifPresent(read::add);
    }
    return read.size() == sequence.items().size()
        ? Optional.of(Collections.unmodifiableList(read))
        : Optional.empty();
  }

  private Optional<Object> map(Type element, Tree tree, Site site) {
    if (!(tree instanceof Mapping group)) {
      return refuse(site, tree, "give a group of keys and values, e.g. {a: b}");
    }
    Map<String, Object> read = new LinkedHashMap<>();
    group
        .entries()
        .forEach(
            (key, entry) ->
                value(element, entry.value(), site.key(key, entry.place()))
                    .ifPresent(value -> read.put(key, value)));
    return read.size() == group.entries().size()
        ? Optional.of(Collections.unmodifiableMap(read))
        : Optional.empty();
  }

  // What is chosen by name.

  private Optional<Object> choice(Class<?> kind, Tree tree, Site site) {
    ChoiceKind choice = ChoiceKind.of(kind);
    Providers<?> providers = choice.providers();
    String by = choice.key();
    String known = "choose one of " + providers.names();
    Mapping group;
    if (tree instanceof Mapping mapping) {
      group = mapping;
    } else if (tree instanceof Scalar scalar && !scalar.isNothing()) {
      Entry name = new Entry(site.place(), scalar);
      group = new Mapping(Map.of(KeyOverride.SHORT_NAME, name), scalar.place());
    } else {
      return refuse(site, tree, known);
    }
    Set<String> choosing = new HashSet<>(Set.of(by, KeyOverride.SHORT_NAME));
    Optional<Entry> entry =
        group.entry(by).or(() -> group.entry(KeyOverride.SHORT_NAME)).filter(this::isSomething);
    boolean wrongKey = false;
    if (entry.isEmpty()) {
      String other = by.equals("name") ? "method" : "name";
      entry = group.entry(other).or(() -> group.entry("type")).filter(this::isSomething);
      if (entry.isEmpty()) {
        note(site.key(by, site.place()), by(site, by) + " is missing; " + known);
        return Optional.empty();
      }
      String used = group.entry(other).isPresent() ? other : "type";
      note(
          site.key(used, entry.get().place()),
          "unknown key '" + by(site, used) + "'; did you mean '" + by + "'?");
      choosing.add(used);
      wrongKey = true;
    }
    Site nameSite = tree instanceof Scalar ? site : site.key(by, entry.orElseThrow().place());
    Tree name = entry.orElseThrow().value();
    String word = name instanceof Scalar scalar ? scalar.value() : "";
    Optional<? extends Provider<?, ?>> provider = providers.find(word);
    boolean wrongName = provider.isEmpty();
    if (wrongName) {
      refuse(nameSite, name, hint(word, providers.names()) + known);
      provider = meant(word, providers.names()).flatMap(providers::find);
      if (provider.isEmpty()) {
        return Optional.empty();
      }
    }
    Optional<Object> config = group(provider.get().configType(), group, site, choosing, !wrongName);
    if (wrongKey || wrongName || config.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new Choice<Object>(provider.get(), (Record) config.get()));
  }

  private boolean isSomething(Entry entry) {
    return !entry.value().isNothing();
  }

  private static String by(Site site, String key) {
    return site.key(key, site.place()).path();
  }

  // A group of keys, by the components of its record.

  /**
   * @param choosing keys of the group that are not the record's: they named its provider
   * @param certain whether the group is known to be meant for this record
   */
  private Optional<Object> group(
      Class<?> type, Mapping group, Site site, Set<String> choosing, boolean certain) {
    RecordComponent[] components = type.getRecordComponents();
    List<String> known = keys(type);
    Set<String> meant = noteUnknown(group, site, known, choosing);
    Object[] values = new Object[components.length];
    Set<String> failed = new HashSet<>();
    for (int i = 0; i < components.length; i++) {
      String key = known.get(i);
      Optional<Entry> entry = group.entry(key).filter(this::isSomething);
      Optional<Object> value;
      if (entry.isPresent()) {
        Site at = site.key(key, entry.get().place());
        value = value(components[i].getGenericType(), entry.get().value(), at);
      } else {
        Site around = site.key(key, group.entry(key).map(Entry::place).orElse(site.place()));
        int before = faults.size();
        value = leftOut(components[i], around);
        if (value.isEmpty() && faults.size() == before && !meant.contains(key)) {
          note(around, around.path() + " is missing; " + describe(components[i].getGenericType()));
        }
      }
      if (value.isPresent()) {
        values[i] = value.get();
      } else {
        failed.add(key);
        values[i] = standIn(components[i], site);
      }
    }
    Optional<Object> made = construct(type, values, group, site, failed);
    return failed.isEmpty() && certain ? made : Optional.empty();
  }

  private Set<String> noteUnknown(
      Mapping group, Site site, List<String> known, Set<String> choosing) {
    Set<String> meant = new TreeSet<>();
    group
        .entries()
        .forEach(
            (key, entry) -> {
              if (known.contains(key) || choosing.contains(key)) {
                return;
              }
              if (key.equals(KeyOverride.SHORT_NAME)) {
                refuse(site, entry.value(), "give a group with keys of " + known);
                return;
              }
              Optional<String> here = KnownKeys.suggestion(key, known);
              here.ifPresent(meant::add);
              Site at = site.key(key, entry.place());
              String remedy =
                  here.or(() -> everywhere.pathOf(key).filter(path -> !path.equals(at.path())))
                      .map(suggested -> "did you mean '" + suggested + "'?")
                      .orElse(
                          known.isEmpty() ? "there is nothing to set here" : "known are " + known);
              note(at, "unknown key '" + at.path() + "'; " + remedy);
            });
    return meant;
  }

  /** What a key that is not given stands for; empty if it must be given. */
  private Optional<Object> leftOut(RecordComponent component, Site site) {
    Default written = component.getAnnotation(Default.class);
    if (written != null) {
      List<LocatedFault> broken = new ArrayList<>();
      Optional<Object> value =
          TreeParser.parseValue(written.value(), site.place(), broken)
              .flatMap(
                  tree ->
                      new RecordReader(everywhere, broken)
                          .value(component.getGenericType(), tree, site));
      if (value.isEmpty()) {
        // Keys without a default may stand in a group that has one: @Default("{}").
        faults.addAll(broken);
      }
      return value;
    }
    boolean optional =
        component.getGenericType() instanceof ParameterizedType generic
            && generic.getRawType() == Optional.class;
    return optional ? Optional.of(Optional.empty()) : Optional.empty();
  }

  /**
   * Calls the one gate of a record. With stand-ins among the values nothing is made, but what the
   * gate says of the other keys is said now rather than at the next try.
   *
   * @param failed keys of the values that are stand-ins
   */
  private Optional<Object> construct(
      Class<?> type, Object[] values, Mapping group, Site site, Set<String> failed) {
    try {
      Class<?>[] types =
          Arrays.stream(type.getRecordComponents())
              .map(RecordComponent::getType)
              .toArray(Class<?>[]::new);
      var constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true); // records of test and users' packages need not be public
      return Optional.of(constructor.newInstance(values));
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause();
      if (cause instanceof ConfigException refused) {
        for (Fault fault : refused.faults()) {
          String first = STEP.split(fault.key(), -1)[0];
          if (failed.isEmpty() || (!first.isEmpty() && !failed.contains(first))) {
            note(locate(group, site, fault.key()), fault);
          }
        }
      } else if (failed.isEmpty()) {
        if (cause instanceof InputException refused) {
          note(site, site.path() + ": " + refused.getMessage());
        } else {
          throw new IllegalStateException("Cannot fill " + type + " from " + site.path(), cause);
        }
      }
      return Optional.empty();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Cannot call the constructor of " + type, e);
    }
  }

  /** The place of a key below a group, or of the last one on the way that the file has. */
  static Site locate(Mapping group, Site site, String key) {
    Tree at = group;
    Place place = site.place();
    for (String step : STEP.split(key, -1)) {
      if (at instanceof Mapping mapping && mapping.entry(step).isPresent()) {
        Entry entry = mapping.entry(step).get();
        place = entry.place();
        at = entry.value();
      } else if (at instanceof Sequence sequence && step.matches("\\[\\d{1,6}]")) {
        int index = Integer.parseInt(step.substring(1, step.length() - 1));
        if (index >= sequence.items().size()) {
          break;
        }
        at = sequence.items().get(index);
        place = at.place();
      } else {
        break;
      }
    }
    return new Site(place, site.path());
  }

  private @Nullable Object standIn(RecordComponent component, Site site) {
    if (component.getAnnotation(Default.class) != null) {
      List<LocatedFault> ignored = new ArrayList<>();
      Optional<Object> value = new RecordReader(everywhere, ignored).leftOut(component, site);
      if (value.isPresent()) {
        return value.get();
      }
    }
    return standIn(component.getGenericType());
  }

  /** Something of the type that most gates let pass; null where there is nothing such. */
  private static @Nullable Object standIn(Type type) {
    if (type instanceof ParameterizedType generic) {
      if (generic.getRawType() == Optional.class) {
        return Optional.ofNullable(standIn(generic.getActualTypeArguments()[0]));
      }
      if (generic.getRawType() == List.class) {
        return List.of();
      }
      return generic.getRawType() == Map.class ? Map.of() : null;
    }
    if (type instanceof Class<?> plain && plain.isEnum()) {
      return plain.getEnumConstants()[0];
    }
    if (type == int.class || type == Integer.class) {
      return 1;
    }
    if (type == long.class || type == Long.class) {
      return 1L;
    }
    if (type == double.class || type == Double.class) {
      return 0.5;
    }
    if (type == boolean.class || type == Boolean.class) {
      return false;
    }
    return type == String.class ? "x" : null;
  }

  // Words.

  private String describe(Type type) {
    if (type instanceof ParameterizedType generic) {
      Type argument = generic.getActualTypeArguments()[0];
      if (generic.getRawType() == Choice.class) {
        ChoiceKind choice = ChoiceKind.of((Class<?>) argument);
        String group = "{" + choice.key() + ": ...}";
        return "give " + group + " with one of " + choice.providers().names();
      }
      return generic.getRawType() == List.class ? "give a list" : "give a group of keys";
    }
    Class<?> plain = (Class<?>) type;
    if (plain.isRecord()) {
      return "give a group with keys of " + keys(plain);
    }
    return wanted(plain, new Sequence(List.of(), Place.COMMAND_LINE));
  }

  static List<String> keys(Class<?> recordType) {
    return Arrays.stream(recordType.getRecordComponents())
        .map(component -> FormerNames.kebab(component.getName()))
        .toList();
  }

  static String kebab(Enum<?> constant) {
    return FormerNames.kebab(constant.name().toLowerCase(Locale.ROOT));
  }

  private static List<String> names(Class<?> enumType) {
    return Arrays.stream(enumType.getEnumConstants())
        .map(constant -> kebab((Enum<?>) constant))
        .toList();
  }

  private static String hint(String word, List<String> known) {
    Optional<String> former = FormerNames.value(word).filter(known::contains);
    if (former.isPresent()) {
      return word + " is called " + former.get() + " here; ";
    }
    return meant(word, known).map(near -> "did you mean " + near + "? ").orElse("");
  }

  private static Optional<String> meant(String word, List<String> known) {
    return word.isBlank()
        ? Optional.empty()
        : FormerNames.value(word)
            .filter(known::contains)
            .or(() -> KnownKeys.suggestion(word, known));
  }

  private Optional<Object> refuse(Site site, Tree given, String remedy) {
    String value = given.text();
    String shown =
        value.length() <= LONGEST_VALUE_SHOWN
            ? value
            : value.substring(0, LONGEST_VALUE_SHOWN) + "...";
    note(site, new Fault("", shown, remedy));
    return Optional.empty();
  }

  private void note(Site site, Fault relative) {
    Fault full = site.path().isEmpty() ? relative : relative.under(site.path());
    note(site, full.message());
  }

  private void note(Site site, String message) {
    faults.add(LocatedFault.at(site.place(), message));
  }
}
