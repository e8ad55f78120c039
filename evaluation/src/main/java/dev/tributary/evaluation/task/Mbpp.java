// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.evaluation.Asked;
import dev.tributary.evaluation.Benchmark;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.JsonLines;
import dev.tributary.evaluation.Metric;
import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.Task;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.evaluation.Verdict;
import dev.tributary.evaluation.code.Program;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.config.Portable;
import dev.tributary.fl.model.Sampling;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * MBPP, "mostly basic Python problems": Austin et al. 2021, <a
 * href="https://arxiv.org/abs/2108.07732">Program Synthesis with Large Language Models</a>. JSON
 * Lines with {@code task_id}, {@code text}, {@code code}, {@code test_list}, {@code
 * test_setup_code}; 974 problems, whose split goes by {@code task_id}: 1 to 10 for prompts, 11 to
 * 510 test, 511 to 600 validation, 601 to 974 training.
 *
 * <p><b>Prompt.</b> The paper's (section 3.2, figure 1): problems 2, 3 and 4 answered, then the
 * question, each {@code You are an expert Python programmer, and here is your task: TEXT Your code
 * should pass these tests:⏎⏎TESTS⏎[BEGIN]⏎}, the code, {@code ⏎[DONE]⏎}.
 *
 * <p><b>Answer.</b> Up to {@code [DONE]}, the end of the text, or {@code new-tokens}; greedy, or
 * {@code samples} drawn ones.
 *
 * <p><b>Verdict.</b> The answer, the set-up (which uses it) and the tests of {@code test_list} run
 * in a sandbox to their end. Figures: {@code pass@k} without bias, as for {@link HumanEval}. FS-LLM
 * has no MBPP.
 */
public record Mbpp(Config config) implements BenchmarkTask {
  private static final List<String> STOPS = List.of("[DONE]");
  private static final int DEMONSTRATIONS = 3;
  private static final int FIRST_DEMONSTRATION = 2;

  /** Which problems are asked. */
  public enum Split {
    PROMPT(1, 10),
    TEST(11, 510),
    VALIDATION(511, 600),
    TRAIN(601, 974),
    ALL(1, 974);

    private final int first;
    private final int last;

    Split(int first, int last) {
      this.first = first;
      this.last = last;
    }

    boolean has(int task) {
      return this == ALL || (task >= first && task <= last);
    }

    int published() {
      return last - first + 1;
    }
  }

  /**
   * What an experiment file may say of the task.
   *
   * @param path the published file, JSON Lines, plain or gzip
   * @param problems which are asked; left out, the test split, and all of the file where answers
   *     are scored that were made elsewhere
   * @param limit only the first so many of them are asked; 0 for all
   * @param shots answered problems in front of the question, 0 to 3
   * @param samples answers to one question; 1 unless they are drawn
   * @param sampling how tokens are drawn
   * @param newTokens longest answer in tokens, at least 1
   * @param label what rows call the task
   */
  public record Config(
      String path,
      Optional<Split> problems,
      @Default("0") int limit,
      @Default("3") int shots,
      @Default("1") int samples,
      @Default("{}") Sampling sampling,
      @Default("512") int newTokens,
      @Default("mbpp") String label)
      implements Serializable {
    public Config {
      Faults faults =
          new Faults()
              .check(!path.isBlank(), "path", path, "give mbpp.jsonl")
              .check(
                  shots >= 0 && shots <= DEMONSTRATIONS,
                  "shots",
                  shots,
                  "give 0 to 3: the paper shows three")
              .check(newTokens >= 1, "new-tokens", newTokens, "give 1 or more, e.g. 512")
              .check(!label.isBlank(), "label", label, "give a name, or leave it out");
      BenchmarkConfigs.checkLimit(faults, limit);
      BenchmarkConfigs.checkSamples(faults, samples, sampling);
      faults.throwIfAny();
    }

    private Object writeReplace() {
      return Portable.of(this); // Optional is not serialisable
    }
  }

  /** Chosen by {@code name: mbpp}. */
  public static final class Provider implements Task.Provider<Config> {
    @Override
    public String name() {
      return "mbpp";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Task create(Config config) {
      return new Mbpp(config);
    }
  }

  private record Problem(int task, String text, String code, String setup, List<String> tests) {
    String prompt() {
      return "You are an expert Python programmer, and here is your task: "
          + text
          + " Your code should pass these tests:\n\n"
          + String.join("\n", tests)
          + "\n[BEGIN]\n";
    }

    String answered() {
      return prompt() + code + "\n[DONE]\n\n";
    }
  }

  @Override
  public String label() {
    return config.label();
  }

  @Override
  public String split() {
    return "test";
  }

  @Override
  public String metric() {
    return "pass@1";
  }

  @Override
  public List<Metric> metrics(int samples) {
    return BenchmarkConfigs.passMetrics(samples);
  }

  @Override
  public List<String> remarks() {
    return Program.remarks();
  }

  @Override
  public Benchmark read(TaskContext context) {
    List<Problem> problems = problems(context.files());
    List<String> shown = new ArrayList<>();
    for (int shot = 0; shot < config.shots(); shot++) {
      int task = FIRST_DEMONSTRATION + shot;
      problems.stream().filter(p -> p.task() == task).map(Problem::answered).forEach(shown::add);
    }
    Asked asked =
        new Asked.Continuation(config.newTokens(), STOPS, config.samples(), config.sampling());
    Split split = config.problems().orElse(context.scoring() ? Split.ALL : Split.TEST);
    List<Question> questions =
        problems.stream()
            .filter(problem -> split.has(problem.task()))
            .map(problem -> question(problem, shown, asked))
            .toList();
    if (questions.isEmpty()) {
      throw new InputException(
          config.path() + " has no problem of the split " + split + "; give problems=all");
    }
    Benchmark benchmark =
        BenchmarkConfigs.limited(
            questions, config.limit(), config.path(), "MBPP (" + split + ")", split.published());
    Set<String> others = new HashSet<>(benchmark.beyondLimit());
    problems.stream()
        .filter(problem -> !split.has(problem.task()))
        .forEach(problem -> others.add("" + problem.task()));
    return new Benchmark(
        benchmark.questions(), others, benchmark.publishedInstances(), benchmark.notice());
  }

  private static Question question(Problem problem, List<String> shown, Asked asked) {
    return new Question(
        "" + problem.task(),
        shown,
        problem.prompt(),
        asked,
        problem.code(),
        Map.of("setup", problem.setup(), "tests", String.join("\n", problem.tests())));
  }

  private List<Problem> problems(BenchmarkFiles files) {
    return JsonLines.read(
        files,
        config.path(),
        line -> {
          String id = line.textOrNumber("task_id");
          if (!id.matches("\\d{1,6}")) {
            throw new InputException("'task_id' is " + id + ", not a number");
          }
          List<String> tests = new ArrayList<>();
          for (JsonNode test : line.fields().path("test_list")) {
            tests.add(test.asText());
          }
          if (tests.isEmpty()) {
            throw new InputException("'test_list' is missing or has no tests");
          }
          return new Problem(
              Integer.parseInt(id),
              line.text("text"),
              line.text("code").replace("\r\n", "\n"), // the published file's line ends
              line.text("test_setup_code"),
              tests);
        });
  }

  @Override
  public List<String> texts(BenchmarkFiles files) {
    return problems(files).stream()
        .flatMap(problem -> Stream.of(problem.text(), problem.code()))
        .toList();
  }

  @Override
  public Verdict judge(Question question, String answer) {
    String setup = question.details().getOrDefault("setup", "");
    String tests = question.details().getOrDefault("tests", "");
    return Program.python(answer + "\n" + setup + "\n" + tests, setup + tests).run();
  }
}
