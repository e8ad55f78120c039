// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.evaluation.Asked;
import dev.tributary.evaluation.Benchmark;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.evaluation.Verdict;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.Sampling;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What scenarios have in common; each says how its file is read, written as a prompt, judged. */
interface Scenario extends BenchmarkTask {
  ScenarioConfig config();

  /** Its name in experiment files, which labels and ids begin with. */
  String name();

  /** Instances of the published file; 0 where that is not known. */
  int published();

  /** Around an instance. */
  Format format();

  /** The same where files tell a part of it. */
  default Format format(BenchmarkFiles files) {
    return format();
  }

  Matches match();

  /** Tokens that HELM allows an answer. */
  int answerTokens();

  /** Reads a file of the published layout; ids are {@code NAME/RECORD}. */
  List<Instance> instances(BenchmarkFiles files, String path);

  /** Instances for demonstrations that the published files set apart; empty for none. */
  default List<Instance> setApart(BenchmarkFiles files) {
    return List.of();
  }

  /**
   * How many first records of a file demonstrations may come from where there is no other file for
   * them; as many as are shown unless the scenario divides its file.
   */
  default int pool(int records) {
    return Math.min(config().shots(), records);
  }

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
    return match().metric();
  }

  @Override
  default Benchmark read(TaskContext context) {
    List<Instance> all = instances(context.files(), config().path());
    List<Instance> pool = List.of();
    int kept = 0;
    if (config().shots() > 0 && !context.scoring()) {
      pool =
          config().train().isEmpty()
              ? setApart(context.files())
              : instances(context.files(), config().train());
      kept = pool.isEmpty() ? pool(all.size()) : 0;
      pool = pool.isEmpty() ? all.subList(0, kept) : pool;
    }
    Format format = format(context.files());
    List<String> shown = new ArrayList<>();
    if (!format.header().isEmpty()) {
      shown.add(format.header());
    }
    for (Instance instance : inTurn(pool, config().shots())) {
      shown.add(format.shown(input(instance), instance.golds().get(0)));
    }
    List<Instance> asked = all.subList(kept, all.size());
    if (asked.isEmpty()) {
      throw new InputException(
          config().path()
              + " has only "
              + all.size()
              + " records, which are all shown as demonstrations; lower shots, or give train=FILE");
    }
    int limit = config().limit() == 0 ? asked.size() : Math.min(config().limit(), asked.size());
    List<Question> questions = asked.stream().limit(limit).map(i -> question(i, shown)).toList();
    Set<String> beyond = new HashSet<>();
    asked.stream().skip(limit).forEach(instance -> beyond.add(instance.id()));
    pool.stream().filter(all::contains).forEach(instance -> beyond.add(instance.id()));
    return new Benchmark(
        questions,
        beyond,
        published() == 0 ? Optional.empty() : Optional.of((long) published()),
        notice(all, kept));
  }

  private Optional<String> notice(List<Instance> all, int kept) {
    List<String> notices = new ArrayList<>();
    if (published() > 0 && all.size() != published()) {
      notices.add(
          config().path()
              + " has "
              + all.size()
              + " instances, the published "
              + name()
              + " "
              + published());
    }
    if (kept > 0) {
      notices.add("its first " + kept + " are not asked: demonstrations come from them");
    }
    return notices.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", notices));
  }

  private Question question(Instance instance, List<String> shown) {
    int tokens = config().newTokens() == 0 ? answerTokens() : config().newTokens();
    return new Question(
        instance.id(),
        shown,
        format().asked(input(instance)),
        new Asked.Continuation(tokens, stops(), 1, sampling()),
        instance.golds().get(0),
        Map.of("golds", String.join("\n", instance.golds())));
  }

  /** How answers are drawn. */
  default Sampling sampling() {
    return Sampling.GREEDY;
  }

  /** What ends an answer. */
  default List<String> stops() {
    return List.of("\n");
  }

  /** The input as the prompt has it; choices under it by letters, where there are any. */
  private static String input(Instance instance) {
    StringBuilder text = new StringBuilder(instance.input());
    for (int i = 0; i < instance.choices().size(); i++) {
      text.append('\n').append((char) ('A' + i)).append(". ").append(instance.choices().get(i));
    }
    return text.toString();
  }

  /** The first of each answer, then the second of each, and so on. */
  private static List<Instance> inTurn(List<Instance> pool, int count) {
    Map<String, List<Instance>> byAnswer = new LinkedHashMap<>();
    for (Instance instance : pool) {
      byAnswer.computeIfAbsent(instance.golds().get(0), g -> new ArrayList<>()).add(instance);
    }
    List<Instance> order = new ArrayList<>();
    for (int turn = 0; order.size() < Math.min(count, pool.size()); turn++) {
      for (List<Instance> group : byAnswer.values()) {
        if (turn < group.size() && order.size() < count) {
          order.add(group.get(turn));
        }
      }
    }
    return order;
  }

  @Override
  default List<String> texts(BenchmarkFiles files) {
    return instances(files, config().path()).stream()
        .flatMap(i -> Stream.concat(Stream.of(i.input()), i.golds().stream()))
        .toList();
  }

  @Override
  default Verdict judge(Question question, String answer) {
    List<String> golds = question.details().getOrDefault("golds", question.gold()).lines().toList();
    return new Verdict(Optional.of(answer.strip()), match().score(golds, answer));
  }
}
