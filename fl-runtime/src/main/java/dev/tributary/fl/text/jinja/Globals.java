// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * What every template can call: Jinja's {@code range}, {@code namespace} and {@code dict}, and
 * transformers' {@code raise_exception}. Not transformers' {@code strftime_now}: with the date in
 * the text, the same experiment would give other tokens every day. It is undefined, as in versions
 * of transformers before it, and templates that ask first take the date that they have for that.
 */
final class Globals {
  private static final Map<String, Function> FUNCTIONS =
      Map.of(
          "range",
          Globals::range,
          "namespace",
          Globals::namespace,
          "dict",
          (budget, arguments) -> new LinkedHashMap<>(onlyNamed("dict", arguments)),
          "raise_exception",
          (budget, arguments) -> {
            throw new JinjaException(
                "the template says: "
                    + Python.text(arguments.to("raise_exception", "message").get("message")));
          });

  private Globals() {}

  static @Nullable Object find(String name) {
    return FUNCTIONS.get(name);
  }

  private static Object range(Budget budget, Arguments arguments) {
    Arguments.Bound bound = arguments.to("range", "start", "stop", "step");
    boolean one = arguments.positional().size() == 1;
    long start = one ? 0 : bound.integer("start", 0);
    long stop = one ? bound.integer("start", 0) : Python.index(bound.get("stop"));
    long step = bound.integer("step", 1);
    if (step == 0) {
      throw new JinjaException("the step of range() cannot be 0");
    }
    long size = Math.max(0, (stop - start + step - Long.signum(step)) / step);
    budget.list(size);
    List<Object> numbers =
        LongStream.range(0, size).mapToObj(i -> (Object) (start + i * step)).toList();
    return numbers;
  }

  private static Object namespace(Budget budget, Arguments arguments) {
    Namespace namespace = new Namespace();
    onlyNamed("namespace", arguments).forEach(namespace::set);
    return namespace;
  }

  private static Map<String, Object> onlyNamed(String function, Arguments arguments) {
    if (!arguments.positional().isEmpty()) {
      throw new JinjaException(function + "() is supported with named arguments only");
    }
    return arguments.named();
  }
}
