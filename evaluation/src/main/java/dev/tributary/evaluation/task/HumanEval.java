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
import dev.tributary.evaluation.code.Program;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.Sampling;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * HumanEval: Chen et al. 2021, <a href="https://arxiv.org/abs/2107.03374">Evaluating Large Language
 * Models Trained on Code</a>. {@value #PUBLISHED} Python functions to complete: JSON Lines with
 * {@code task_id}, {@code prompt}, {@code entry_point}, {@code canonical_solution}, {@code test}.
 *
 * <p><b>Prompt.</b> The published one as it is, no demonstrations, no template.
 *
 * <p><b>Answer.</b> What follows the prompt, up to {@code ⏎class}, {@code ⏎def}, {@code ⏎#}, {@code
 * ⏎if} or {@code ⏎print} (the paper, section 3.2), the end of the text, or {@code new-tokens};
 * greedy, or {@code samples} drawn ones.
 *
 * <p><b>Verdict.</b> Prompt, answer and test run in a sandbox ({@link
 * dev.tributary.evaluation.sandbox.Sandbox}) to their end, with {@code check(ENTRY_POINT)}. The
 * paper's harness gives 3 s of the clock; here it is computing time that is limited, and more
 * generously, so that verdicts do not depend on neighbours. Figures: {@code pass@k} without bias,
 * for k of 1, 10 and 100 as far as there are samples.
 *
 * <p><b>Protocol {@code fs-llm}</b>: five samples of 128 tokens at temperature 0.1, top-k 40, top-p
 * 0.75; nothing but the end of the text stops the answer, which is then cut at the first {@code
 * ⏎class}, {@code ⏎def}, {@code ⏎#}, {@code ⏎if}, {@code ⏎print}, {@code ⏎assert}; no-break spaces
 * are taken out, and its first line is indented by four spaces whatever it had.
 */
public record HumanEval(Config config) implements BenchmarkTask {
  private static final int PUBLISHED = 164;
  private static final List<String> STOPS = List.of("\nclass", "\ndef", "\n#", "\nif", "\nprint");
  private static final List<String> FS_LLM_STOPS =
      List.of("\nclass", "\ndef", "\n#", "\nif", "\nprint", "\nassert");

  /** Where FS-LLM's way differs from the usual one, which of them. */
  public enum Protocol {
    DEFAULT,
    FS_LLM
  }

  /**
   * What an experiment file may say of the task.
   *
   * @param path the published file, JSON Lines, plain or gzip
   * @param limit only the first so many questions are asked; 0 for all
   * @param samples answers to one question; 1 unless they are drawn, 5 under {@code fs-llm}
   * @param sampling how tokens are drawn; not under {@code fs-llm}
   * @param newTokens longest answer in tokens, at least 1; 128 under {@code fs-llm}
   * @param protocol the usual one, or FS-LLM's
   * @param label what rows call the task
   */
  public record Config(
      String path,
      @Default("0") int limit,
      @Default("1") int samples,
      @Default("{}") Sampling sampling,
      @Default("512") int newTokens,
      @Default("default") Protocol protocol,
      @Default("humaneval") String label)
      implements Serializable {
    public Config {
      Faults faults =
          new Faults()
              .check(!path.isBlank(), "path", path, "give HumanEval.jsonl or HumanEval.jsonl.gz")
              .check(newTokens >= 1, "new-tokens", newTokens, "give 1 or more, e.g. 512")
              .check(!label.isBlank(), "label", label, "give a name, or leave it out");
      BenchmarkConfigs.checkLimit(faults, limit);
      BenchmarkConfigs.checkSamples(faults, samples, sampling);
      faults.throwIfAny();
    }
  }

  /** Chosen by {@code name: humaneval}. */
  public static final class Provider implements Task.Provider<Config> {
    @Override
    public String name() {
      return "humaneval";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Task create(Config config) {
      return new HumanEval(config);
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
            : new Asked.Continuation(config.newTokens(), STOPS, samples(), config.sampling());
    List<Question> all =
        JsonLines.read(
            context.files(),
            config.path(),
            line ->
                new Question(
                    line.textOrNumber("task_id"),
                    List.of(),
                    line.text("prompt"),
                    asked,
                    line.text("canonical_solution"),
                    Map.of("test", line.text("test"), "entry_point", line.text("entry_point"))));
    return BenchmarkConfigs.limited(all, config.limit(), config.path(), "HumanEval", PUBLISHED);
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
    String completion = likeFsLlm() ? cleaned(answer) : answer;
    String test = question.details().getOrDefault("test", "");
    String check = "check(" + question.details().getOrDefault("entry_point", "") + ")";
    String given = question.prompt() + test;
    return Program.python(question.prompt() + completion + "\n" + test + "\n" + check, given).run();
  }

  private int samples() {
    return likeFsLlm() ? Math.max(5, config.samples()) : config.samples();
  }

  private boolean likeFsLlm() {
    return config.protocol() == Protocol.FS_LLM;
  }

  private static String cleaned(String answer) {
    String text = answer.replace("\u00A0", "");
    for (String stop : FS_LLM_STOPS) {
      int at = text.indexOf(stop);
      text = at < 0 ? text : text.substring(0, at);
    }
    int lineEnd = text.indexOf('\n');
    String first = lineEnd < 0 ? text : text.substring(0, lineEnd);
    return "    " + first.stripLeading() + (lineEnd < 0 ? "" : text.substring(lineEnd));
  }
}
