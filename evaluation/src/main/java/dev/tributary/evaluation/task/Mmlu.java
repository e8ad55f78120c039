// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import dev.tributary.evaluation.Asked;
import dev.tributary.evaluation.Benchmark;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.CsvRows;
import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.Task;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.evaluation.Verdict;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * MMLU: Hendrycks et al. 2021, <a href="https://arxiv.org/abs/2009.03300">Measuring Massive
 * Multitask Language Understanding</a>. {@value #PUBLISHED} questions with four choices on 57
 * subjects; CSV without a header, a folder {@code test} with {@code SUBJECT_test.csv} and a folder
 * {@code dev} with {@code SUBJECT_dev.csv}.
 *
 * <p><b>Prompt.</b> As the authors' {@code evaluate.py}: {@code The following are multiple choice
 * questions (with answers) about SUBJECT.⏎⏎} (with two blanks), five answered questions of {@code
 * dev}, then the question; each {@code QUESTION⏎A. ...⏎B. ...⏎C. ...⏎D. ...⏎Answer:}, answered ones
 * followed by {@code X⏎⏎}. Prompts that are too long go without their last demonstrations.
 *
 * <p><b>Answer.</b> The likeliest of {@code A} to {@code D} as the next token. For answers made
 * elsewhere, the first letter A to D that stands alone.
 *
 * <p><b>Figures.</b> Accuracy over all questions, which weighs subjects by their size, as FS-LLM
 * reports it; by category and subject in rows {@code mmlu/CATEGORY} and {@code mmlu/SUBJECT}.
 *
 * <p><b>Protocol {@code fs-llm}</b>: the header has nine blanks before "questions", as a line
 * continuation in its source left them, and the letters are the tokens of {@code A} to {@code D}
 * without a blank. Its bound of 1,024 tokens on prompts is not taken over: the model's own bound
 * is.
 */
public record Mmlu(Config config) implements BenchmarkTask {
  private static final int PUBLISHED = 14_042;
  private static final int SHOTS = 5;
  private static final int COLUMNS = 6;
  private static final List<String> LETTERS = List.of("A", "B", "C", "D");
  private static final Map<String, String> SUBJECTS = subjects();

  /** Where FS-LLM's way differs from the usual one, which of them. */
  public enum Protocol {
    DEFAULT,
    FS_LLM
  }

  /**
   * What an experiment file may say of the task.
   *
   * @param path folder that holds {@code test} and {@code dev}, a zip of it, the folder {@code
   *     test} itself, or one file of it
   * @param subjects which are asked; empty for all of which there is a file
   * @param limit only the first so many questions of each subject; 0 for all
   * @param shots answered questions in front, 0 to 5
   * @param protocol the usual one, or FS-LLM's
   * @param label what rows call the task
   */
  public record Config(
      String path,
      @Default("[]") List<String> subjects,
      @Default("0") int limit,
      @Default("5") int shots,
      @Default("default") Protocol protocol,
      @Default("mmlu") String label)
      implements Serializable {
    public Config {
      subjects = List.copyOf(subjects);
      Faults faults =
          new Faults()
              .check(!path.isBlank(), "path", path, "give the folder with test and dev")
              .check(shots >= 0 && shots <= SHOTS, "shots", shots, "give 0 to 5: dev has five each")
              .check(!label.isBlank(), "label", label, "give a name, or leave it out");
      for (String subject : subjects) {
        faults.check(
            SUBJECTS.containsKey(subject),
            "subjects",
            subject,
            "it is none of MMLU's 57; names are like econometrics, us_foreign_policy");
      }
      BenchmarkConfigs.checkLimit(faults, limit);
      faults.throwIfAny();
    }
  }

  /** Chosen by {@code name: mmlu}. */
  public static final class Provider implements Task.Provider<Config> {
    @Override
    public String name() {
      return "mmlu";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Task create(Config config) {
      return new Mmlu(config);
    }
  }

  private record Item(int record, String question, List<String> choices, String answer) {
    String text(boolean answered) {
      StringBuilder text = new StringBuilder(question);
      for (int i = 0; i < LETTERS.size(); i++) {
        text.append('\n').append(LETTERS.get(i)).append(". ").append(choices.get(i));
      }
      text.append("\nAnswer:");
      return answered ? text + " " + answer + "\n\n" : text.toString();
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
    List<Question> questions = new ArrayList<>();
    Set<String> beyond = new HashSet<>();
    List<String> missing = new ArrayList<>();
    int there = 0;
    MmluFiles files = MmluFiles.of(context.files(), config.path());
    for (String subject : SUBJECTS.keySet()) {
      if (!config.subjects().isEmpty() && !config.subjects().contains(subject)) {
        continue;
      }
      if (config.subjects().isEmpty() && !files.has("test", subject)) {
        missing.add(subject);
        continue;
      }
      List<Item> items = items(files, "test", subject);
      there += items.size();
      int asks = config.limit() == 0 ? items.size() : Math.min(config.limit(), items.size());
      List<String> shown = shown(files, subject, context.scoring());
      for (Item item : items) {
        if (item.record() >= asks) {
          beyond.add(id(subject, item));
        } else {
          questions.add(question(subject, item, shown));
        }
      }
    }
    if (questions.isEmpty()) {
      throw new InputException(
          "Cannot read MMLU: "
              + config.path()
              + " has no SUBJECT_test.csv; give the folder that holds test and dev");
    }
    List<String> notices = new ArrayList<>();
    if (!missing.isEmpty()) {
      notices.add(missing.size() + " of 57 subjects have no file, e.g. " + missing.get(0));
    }
    if (config.subjects().isEmpty() && missing.isEmpty() && there != PUBLISHED) {
      notices.add(config.path() + " has " + there + " questions, the published MMLU " + PUBLISHED);
    }
    return new Benchmark(
        questions,
        beyond,
        Optional.of((long) PUBLISHED),
        notices.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", notices)));
  }

  /** The header is the one that is dropped last. */
  private List<String> shown(MmluFiles files, String subject, boolean scoring) {
    String blanks = config.protocol() == Protocol.FS_LLM ? " ".repeat(9) : " ";
    List<String> shown = new ArrayList<>();
    shown.add(
        "The following are multiple choice"
            + blanks
            + "questions (with answers) about  " // two, as in the authors' program
            + subject.replace('_', ' ')
            + ".\n\n");
    if (config.shots() > 0 && !scoring) {
      List<Item> dev = items(files, "dev", subject);
      dev.stream().limit(config.shots()).forEach(item -> shown.add(item.text(true)));
    }
    return shown;
  }

  private Question question(String subject, Item item, List<String> shown) {
    List<String> texts =
        config.protocol() == Protocol.FS_LLM
            ? LETTERS
            : LETTERS.stream().map(letter -> " " + letter).toList();
    return new Question(
        id(subject, item),
        shown,
        item.text(false),
        new Asked.Choice(LETTERS, texts, Asked.Choice.Rule.SUM, ""),
        item.answer());
  }

  private static String id(String subject, Item item) {
    return "mmlu/" + subject + "/" + item.record();
  }

  private static List<Item> items(MmluFiles files, String part, String subject) {
    return CsvRows.withoutHeader(
        files.files(),
        files.path(part, subject),
        COLUMNS,
        row -> {
          List<String> choices = new ArrayList<>();
          for (int i = 1; i <= LETTERS.size(); i++) {
            choices.add(row.fields().get(i));
          }
          String answer = row.fields().get(COLUMNS - 1).strip();
          if (!LETTERS.contains(answer)) {
            throw new InputException("the answer is '" + answer + "', not A, B, C or D");
          }
          return new Item(row.record(), row.fields().get(0), choices, answer);
        });
  }

  @Override
  public List<String> texts(BenchmarkFiles files) {
    MmluFiles there = MmluFiles.of(files, config.path());
    return SUBJECTS.keySet().stream()
        .filter(subject -> config.subjects().isEmpty() || config.subjects().contains(subject))
        .filter(subject -> there.has("test", subject))
        .flatMap(subject -> items(there, "test", subject).stream())
        .flatMap(item -> Stream.concat(Stream.of(item.question()), item.choices().stream()))
        .toList();
  }

  @Override
  public Map<String, List<Integer>> parts(Benchmark benchmark) {
    Map<String, List<Integer>> categories = new LinkedHashMap<>();
    Map<String, List<Integer>> subjects = new LinkedHashMap<>();
    for (int place = 0; place < benchmark.questions().size(); place++) {
      String id = benchmark.questions().get(place).id();
      String subject = id.substring(id.indexOf('/') + 1, id.lastIndexOf('/'));
      subjects.computeIfAbsent(subject, s -> new ArrayList<>()).add(place);
      categories
          .computeIfAbsent(SUBJECTS.getOrDefault(subject, "other"), c -> new ArrayList<>())
          .add(place);
    }
    categories.putAll(subjects);
    return categories;
  }

  @Override
  public Verdict judge(Question question, String answer) {
    return Letters.judge(question, answer, LETTERS);
  }

  /** Subjects and their categories, as the authors' {@code categories.py} puts them together. */
  private static Map<String, String> subjects() {
    Map<String, String> categories = new LinkedHashMap<>();
    List<String> stem =
        List.of(
            "abstract_algebra",
            "astronomy",
            "college_biology",
            "college_chemistry",
            "college_computer_science",
            "college_mathematics",
            "college_physics",
            "computer_security",
            "conceptual_physics",
            "electrical_engineering",
            "elementary_mathematics",
            "high_school_biology",
            "high_school_chemistry",
            "high_school_computer_science",
            "high_school_mathematics",
            "high_school_physics",
            "high_school_statistics",
            "machine_learning");
    List<String> humanities =
        List.of(
            "formal_logic",
            "high_school_european_history",
            "high_school_us_history",
            "high_school_world_history",
            "international_law",
            "jurisprudence",
            "logical_fallacies",
            "moral_disputes",
            "moral_scenarios",
            "philosophy",
            "prehistory",
            "professional_law",
            "world_religions");
    List<String> social =
        List.of(
            "econometrics",
            "high_school_geography",
            "high_school_government_and_politics",
            "high_school_macroeconomics",
            "high_school_microeconomics",
            "high_school_psychology",
            "human_sexuality",
            "professional_psychology",
            "public_relations",
            "security_studies",
            "sociology",
            "us_foreign_policy");
    List<String> other =
        List.of(
            "anatomy",
            "business_ethics",
            "clinical_knowledge",
            "college_medicine",
            "global_facts",
            "human_aging",
            "management",
            "marketing",
            "medical_genetics",
            "miscellaneous",
            "nutrition",
            "professional_accounting",
            "professional_medicine",
            "virology");
    stem.forEach(subject -> categories.put(subject, "stem"));
    humanities.forEach(subject -> categories.put(subject, "humanities"));
    social.forEach(subject -> categories.put(subject, "social-sciences"));
    other.forEach(subject -> categories.put(subject, "other"));
    return categories.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .collect(
            Collectors.toMap(
                Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
  }
}
