// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.evaluation.Asked;
import dev.tributary.evaluation.Benchmark;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.evaluation.Verdict;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What scenarios have in common whose choices are compared by their likelihood. */
interface ChoiceScenario extends BenchmarkTask {
  ChoiceConfig config();

  /** Its name in experiment files, which labels and ids begin with. */
  String name();

  /** Instances of the published file. */
  int published();

  /** What is compared. */
  Asked.Choice.Rule rule();

  /** Reads the file; the gold answer is the index of a choice. */
  List<Instance> instances(BenchmarkFiles files);

  @Override
  default String label() {
    return config().label().isBlank() ? name() : config().label();
  }

  @Override
  default String split() {
    return "test";
  }

  @Override
  default String metric() {
    return "accuracy";
  }

  @Override
  default Benchmark read(TaskContext context) {
    List<Instance> all = instances(context.files());
    int limit = config().limit() == 0 ? all.size() : Math.min(config().limit(), all.size());
    return new Benchmark(
        all.stream().limit(limit).map(this::question).toList(),
        all.stream().skip(limit).map(Instance::id).collect(Collectors.toSet()),
        Optional.of((long) published()),
        all.size() == published()
            ? Optional.empty()
            : Optional.of(
                config().path()
                    + " has "
                    + all.size()
                    + " instances, the published "
                    + name()
                    + " "
                    + published()));
  }

  private Question question(Instance instance) {
    List<String> names =
        IntStream.range(0, instance.choices().size()).mapToObj(Integer::toString).toList();
    List<String> texts = instance.choices().stream().map(choice -> " " + choice).toList();
    return new Question(
        instance.id(),
        List.of(),
        instance.input(),
        new Asked.Choice(names, texts, rule(), "Answer:"),
        instance.golds().get(0));
  }

  @Override
  default List<String> texts(BenchmarkFiles files) {
    return instances(files).stream()
        .flatMap(i -> Stream.concat(Stream.of(i.input()), i.choices().stream()))
        .toList();
  }

  /** The index of the choice, counted from 0. */
  @Override
  default Verdict judge(Question question, String answer) {
    String index = answer.strip();
    boolean read = index.matches("\\d{1,2}");
    return new Verdict(
        read ? Optional.of(index) : Optional.empty(), index.equals(question.gold()) ? 1 : 0);
  }
}
