// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import dev.tributary.evaluation.Asked;
import dev.tributary.evaluation.Benchmark;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.JsonLines;
import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.Task;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.evaluation.Verdict;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.seed.Seed;
import java.io.FileNotFoundException;
import java.io.InputStream;
import java.io.Serializable;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * GSM8K, grade-school mathematics in words: Cobbe et al. 2021, <a
 * href="https://arxiv.org/abs/2110.14168">Training Verifiers to Solve Math Word Problems</a>. Its
 * test set has {@value #PUBLISHED} questions: JSON Lines with {@code question} and {@code answer},
 * whose last line is {@code #### NUMBER}. Any file of this layout can be asked.
 *
 * <p><b>Prompt.</b> Few-shot: the eight demonstrations with chains of thought of Wei et al. 2022,
 * <a href="https://arxiv.org/abs/2201.11903">Chain-of-Thought Prompting</a> (appendix, "Few-shot
 * exemplars for full chain of thought prompt for math word problems"), each {@code Q: ...⏎A: ...
 * The answer is N.⏎⏎}, then {@code Q: ...⏎A:}. A seed decides their order; it is the same for all
 * questions, so that their beginning is computed once, and does not follow the experiment's seed,
 * so that runs are asked the same. Or the run's own template around the bare question, for models
 * that were fine-tuned with it.
 *
 * <p><b>Answer.</b> Greedy, up to {@code ⏎Q:} (few-shot only: base models go on to invent further
 * questions), the end of the text, or {@code new-tokens}.
 *
 * <p><b>Number.</b> In lower case, commas taken out, {@code -?\d+\.?\d*}: the first number after
 * the first "the answer is", else the last number of the answer; a dot at its end is taken off. It
 * is right if it is the same number as the gold one.
 *
 * <p><b>Protocol {@code fs-llm}</b>, for figures to compare with FederatedScope-LLM's: the
 * demonstrations are shuffled anew for each question, nothing but the end of the text stops the
 * answer, the number is looked for only up to a second "the answer is", and it is right if it is
 * the same string (18.0 is not 18).
 */
public record Gsm8k(Config config) implements BenchmarkTask {
  private static final int PUBLISHED = 1319;
  private static final int DEMONSTRATIONS = 8;
  private static final String TRIGGER = "the answer is";
  private static final Pattern GOLD = Pattern.compile("#### (-?[0-9.,]+)");

  /** Digits of any script, as in FS-LLM's Python. */
  private static final Pattern NUMBER = Pattern.compile("-?\\p{Nd}+\\.?\\p{Nd}*");

  /** Longer digit strings are no answer to a question of this kind, and slow to read. */
  private static final int LONGEST_NUMBER = 1000;

  /** What a question is put in. */
  public enum Prompts {
    FEW_SHOT,
    TEMPLATE
  }

  /** Where FS-LLM's way differs from the usual one, which of them. */
  public enum Protocol {
    DEFAULT,
    FS_LLM
  }

  /**
   * What an experiment file may say of the task.
   *
   * @param path the test file, JSON Lines, plain or gzip
   * @param limit only the first so many questions are asked; 0 for all
   * @param shots demonstrations in a few-shot prompt, 0 to 8: the first of the seeded order
   * @param prompts few-shot, or the run's template (then {@code shots} is not used)
   * @param orderSeed decides the order of the demonstrations
   * @param newTokens longest answer in tokens, at least 1
   * @param protocol the usual one, or FS-LLM's
   * @param label what rows call the task
   */
  public record Config(
      String path,
      @Default("0") int limit,
      @Default("8") int shots,
      @Default("few-shot") Prompts prompts,
      @Default("0") long orderSeed,
      @Default("256") int newTokens,
      @Default("default") Protocol protocol,
      @Default("gsm8k") String label)
      implements Serializable {
    public Config {
      new Faults()
          .check(!path.isBlank(), "path", path, "give GSM8K's test.jsonl")
          .check(limit >= 0, "limit", limit, "give a number of questions, or 0 for all")
          .check(
              shots >= 0 && shots <= DEMONSTRATIONS,
              "shots",
              shots,
              "give 0 to 8: there are eight demonstrations")
          .check(
              prompts == Prompts.FEW_SHOT || shots == 0 || shots == DEMONSTRATIONS,
              "shots",
              shots,
              "leave it out: prompts: template has no demonstrations")
          .check(newTokens >= 1, "new-tokens", newTokens, "give 1 or more, e.g. 256")
          .check(!label.isBlank(), "label", label, "give a name, or leave it out")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: gsm8k}. */
  public static final class Provider implements Task.Provider<Config> {
    @Override
    public String name() {
      return "gsm8k";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Task create(Config config) {
      return new Gsm8k(config);
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
    return "accuracy";
  }

  @Override
  public Benchmark read(TaskContext context) {
    List<Problem> problems =
        JsonLines.read(
            context.files(),
            config.path(),
            line -> new Problem(line.record(), line.text("question"), gold(line.text("answer"))));
    Asked asked =
        new Asked.Continuation(
            config.newTokens(), fewShot() && !likeFsLlm() ? List.of("\nQ:") : List.of());
    List<String> standard = fewShot() ? demonstrations() : List.of();
    Seed order = Seed.of(config.orderSeed()).child("gsm8k").child("demonstrations");
    List<String> sameForAll = chosen(standard, order);
    List<Question> questions = new ArrayList<>();
    int asks = config.limit() == 0 ? problems.size() : Math.min(config.limit(), problems.size());
    for (Problem problem : problems.subList(0, asks)) {
      List<String> chosen =
          likeFsLlm() ? chosen(standard, order.child(problem.record())) : sameForAll;
      questions.add(
          new Question(
              problem.id(),
              chosen,
              prompt(problem, context),
              asked,
              problem.gold(),
              Map.of(),
              !fewShot() && context.template().spellsOutSpecials()
                  ? Question.Specials.SPELT_OUT
                  : Question.Specials.ADDED));
    }
    return new Benchmark(
        questions,
        problems.stream().skip(asks).map(Problem::id).collect(Collectors.toSet()),
        Optional.of((long) PUBLISHED),
        problems.size() == PUBLISHED
            ? Optional.empty()
            : Optional.of(
                config.path()
                    + " has "
                    + problems.size()
                    + " questions, GSM8K's published test set "
                    + PUBLISHED));
  }

  @Override
  public List<String> texts(BenchmarkFiles files) {
    return JsonLines.read(
            files, config.path(), line -> List.of(line.text("question"), line.text("answer")))
        .stream()
        .flatMap(List::stream)
        .toList();
  }

  @Override
  public Verdict judge(Question question, String answer) {
    Optional<String> number = number(answer);
    boolean right = number.isPresent() && same(number.get(), question.gold());
    return new Verdict(number, right ? 1 : 0);
  }

  private record Problem(int record, String question, String gold) {
    /** By its record: the published file has no ids. */
    String id() {
      return "gsm8k/" + record;
    }
  }

  private boolean fewShot() {
    return config.prompts() == Prompts.FEW_SHOT;
  }

  private boolean likeFsLlm() {
    return config.protocol() == Protocol.FS_LLM;
  }

  private String prompt(Problem problem, TaskContext context) {
    return fewShot()
        ? "Q: " + problem.question() + "\nA:"
        : context.template().prompt(problem.question(), "");
  }

  /** The first {@code shots} of the demonstrations in the seed's order. */
  private List<String> chosen(List<String> demonstrations, Seed seed) {
    List<String> shuffled = new ArrayList<>(demonstrations);
    SplittableRandom random = seed.random();
    for (int i = shuffled.size() - 1; i > 0; i--) { // Fisher-Yates
      int j = random.nextInt(i + 1);
      shuffled.set(i, shuffled.set(j, shuffled.get(i)));
    }
    return List.copyOf(shuffled.subList(0, Math.min(config.shots(), shuffled.size())));
  }

  private static List<String> demonstrations() {
    String resource = "gsm8k-demonstrations.jsonl";
    BenchmarkFiles ours =
        path -> {
          InputStream bytes = Gsm8k.class.getResourceAsStream(path);
          if (bytes == null) {
            throw new FileNotFoundException(path);
          }
          return bytes;
        };
    return JsonLines.read(
        ours,
        resource,
        line ->
            "Q: %s\nA: %s The answer is %s.\n\n"
                .formatted(line.text("question"), line.text("chain"), line.text("answer")));
  }

  /** The number after {@code ####}, without commas. */
  private static String gold(String answer) {
    Matcher matcher = GOLD.matcher(answer);
    if (!matcher.find()) {
      throw new InputException("'answer' has no '#### NUMBER'");
    }
    String number = matcher.group(1).replace(",", "");
    if (!number.matches("-?(\\d+\\.?\\d*|\\.\\d+)")) {
      throw new InputException("'answer' ends with #### " + number + ", which is no number");
    }
    return number;
  }

  /** What the answer says. */
  private Optional<String> number(String answer) {
    String text = answer.toLowerCase(Locale.ROOT);
    int at = text.indexOf(TRIGGER);
    boolean announced = at >= 0;
    if (announced) {
      text = text.substring(at + TRIGGER.length());
      int again = text.indexOf(TRIGGER);
      text = likeFsLlm() && again >= 0 ? text.substring(0, again) : text;
    }
    Matcher matcher = NUMBER.matcher(text.replace(",", ""));
    String found = "";
    while ((found.isEmpty() || !announced) && matcher.find()) {
      found = matcher.group();
    }
    if (found.endsWith(".")) {
      found = found.substring(0, found.length() - 1);
    }
    return found.isEmpty() ? Optional.empty() : Optional.of(found);
  }

  private boolean same(String number, String gold) {
    if (likeFsLlm()) {
      return number.equals(gold);
    }
    return number.length() <= LONGEST_NUMBER
        && new BigDecimal(inAscii(number)).compareTo(new BigDecimal(gold)) == 0;
  }

  /** BigDecimal reads digits of other scripts only as far as they fit into a char. */
  private static String inAscii(String number) {
    StringBuilder ascii = new StringBuilder();
    number
        .codePoints()
        .map(c -> Character.isDigit(c) ? '0' + Character.digit(c, 10) : c)
        .forEach(ascii::appendCodePoint);
    return ascii.toString();
  }
}
