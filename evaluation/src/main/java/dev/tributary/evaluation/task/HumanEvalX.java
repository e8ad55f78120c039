// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

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
import dev.tributary.evaluation.code.Language;
import dev.tributary.evaluation.code.Program;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.Sampling;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * HumanEval-X: Zheng et al. 2023, <a href="https://arxiv.org/abs/2303.17568">CodeGeeX</a>. The
 * {@value #PUBLISHED} functions of {@link HumanEval} in Python, Java, JavaScript, Go, C++ and Rust;
 * a file holds one language, which {@code task_id} names.
 *
 * <p><b>Prompt.</b> The published one as it is; for Rust the comment in {@code prompt} and then the
 * {@code declaration}. <b>Answer.</b> What follows it, up to the end of the text or {@code
 * new-tokens}, cut where the function ends as CodeGeeX does ({@link Language#cut}).
 *
 * <p><b>Verdict.</b> Prompt, answer and test, put together as CodeGeeX does and compiled where need
 * be, run in a sandbox to their end. CodeGeeX passes JavaScript that prints nothing; here a {@code
 * console.assert} that does not hold ends the script. A compiler or library that the machine lacks
 * leaves a question not run. Figures: {@code pass@k} without bias.
 *
 * <p><b>Protocol {@code fs-llm}</b>: in front of the prompt a comment names the language; five
 * samples of 128 tokens at temperature 0.1, top-k 40, top-p 0.75; Python is cut at the last, not
 * the first, of each of its ends.
 */
public record HumanEvalX(Config config) implements BenchmarkTask {
  private static final int PUBLISHED = 164;

  /** Where FS-LLM's way differs from the usual one, which of them. */
  public enum Protocol {
    DEFAULT,
    FS_LLM
  }

  /**
   * What an experiment file may say of the task.
   *
   * @param path a published file of one language, JSON Lines, plain or gzip
   * @param limit only the first so many questions are asked; 0 for all
   * @param samples answers to one question; 1 unless they are drawn, 5 under {@code fs-llm}
   * @param sampling how tokens are drawn; not under {@code fs-llm}
   * @param newTokens longest answer in tokens, at least 1; 128 under {@code fs-llm}
   * @param libraries folder with what Go, Rust and JavaScript need beside their compilers, as
   *     {@code benchmarks/code_libraries.sh} makes it; without, what needs them is not run
   * @param protocol the usual one, or FS-LLM's
   * @param label what rows call the task
   */
  public record Config(
      String path,
      @Default("0") int limit,
      @Default("1") int samples,
      @Default("{}") Sampling sampling,
      @Default("512") int newTokens,
      @Default("") String libraries,
      @Default("default") Protocol protocol,
      @Default("humaneval-x") String label)
      implements Serializable {
    public Config {
      Faults faults =
          new Faults()
              .check(!path.isBlank(), "path", path, "give e.g. humaneval_java.jsonl.gz")
              .check(newTokens >= 1, "new-tokens", newTokens, "give 1 or more, e.g. 512")
              .check(!label.isBlank(), "label", label, "give a name, or leave it out");
      BenchmarkConfigs.checkLimit(faults, limit);
      BenchmarkConfigs.checkSamples(faults, samples, sampling);
      faults.throwIfAny();
    }
  }

  /** Chosen by {@code name: humaneval-x}. */
  public static final class Provider implements Task.Provider<Config> {
    @Override
    public String name() {
      return "humaneval-x";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Task create(Config config) {
      return new HumanEvalX(config);
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
    Asked asked =
        likeFsLlm()
            ? new Asked.Continuation(128, List.of(), samples(), new Sampling(0.1, 40, 0.75, 1))
            : new Asked.Continuation(config.newTokens(), List.of(), samples(), config.sampling());
    List<Question> all =
        JsonLines.read(context.files(), config.path(), line -> question(line, asked));
    return BenchmarkConfigs.limited(all, config.limit(), config.path(), "HumanEval-X", PUBLISHED);
  }

  private Question question(JsonLines.Line line, Asked asked) {
    String id = line.textOrNumber("task_id");
    Language language = Language.of(id);
    String declaration = line.text("declaration");
    String prompt = line.text("prompt") + (language == Language.RUST ? declaration : "");
    return new Question(
        id,
        List.of(),
        likeFsLlm() ? language.tag() + "\n" + prompt : prompt,
        asked,
        line.text("canonical_solution"),
        Map.of(
            "prompt",
            line.text("prompt"),
            "declaration",
            declaration,
            "test",
            line.text("test"),
            "import",
            line.fields().path("import").asText(""),
            "test_setup",
            line.fields().path("test_setup").asText("")));
  }

  @Override
  public List<String> texts(BenchmarkFiles files) {
    return JsonLines.read(
            files,
            config.path(),
            line -> List.of(line.text("prompt"), line.text("canonical_solution")))
        .stream()
        .flatMap(List::stream)
        .toList();
  }

  @Override
  public Verdict judge(Question question, String answer) {
    Language language = Language.of(question.id());
    Map<String, String> details = question.details();
    Language.Parts parts =
        new Language.Parts(
            details.getOrDefault("prompt", ""),
            details.getOrDefault("declaration", ""),
            details.getOrDefault("test", ""),
            details.getOrDefault("import", ""),
            details.getOrDefault("test_setup", ""));
    return language.judge(parts, language.cut(answer, likeFsLlm()), config.libraries());
  }

  private int samples() {
    return likeFsLlm() ? Math.max(5, config.samples()) : config.samples();
  }

  private boolean likeFsLlm() {
    return config.protocol() == Protocol.FS_LLM;
  }
}
