// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.evaluation.Asked;
import dev.tributary.evaluation.Benchmark;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Prompts as HELM writes them, files as they are published. */
class ScenariosTest {
  @TempDir Path folder;

  private static ScenarioConfig config(Path path, int shots) {
    return new ScenarioConfig(path.toString(), "", 0, shots, 0, "");
  }

  private static Benchmark read(BenchmarkTask task) {
    return task.read(new TaskContext(BenchmarkFiles.local(), example -> ""));
  }

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static String whole(Question question) {
    return question.text(question.demonstrations().size());
  }

  @Test
  void boolQ() throws IOException {
    Path file =
        file(
            "boolq.jsonl",
            """
            {"question": "is it", "passage": "It is.", "answer": true}
            {"question": "is it again", "passage": "It is again.", "answer": true}
            {"question": "was it", "passage": "It was not.", "answer": false}
            {"question": "will it", "passage": "Who knows.", "answer": true}
            """);
    Benchmark benchmark = read(new BoolQ(new ScenarioConfig(file.toString(), "", 0, 3, 0, "")));
    assertThat(benchmark.questions()).hasSize(1);
    // One of each answer in turn.
    assertThat(whole(benchmark.questions().get(0)))
        .isEqualTo(
            """
            Passage: It is.
            Question: is it?
            Answer: Yes

            Passage: It was not.
            Question: was it?
            Answer: No

            Passage: It is again.
            Question: is it again?
            Answer: Yes

            Passage: Who knows.
            Question: will it?
            Answer:""");
    assertThat(benchmark.questions().get(0).asked())
        .isEqualTo(new Asked.Continuation(5, List.of("\n")));
    assertThat(benchmark.notice().orElseThrow())
        .contains("has 4 instances, the published boolq 3270")
        .contains("its first 3 are not asked");

    Path train = file("train.jsonl", Files.readString(file));
    Benchmark apart =
        read(new BoolQ(new ScenarioConfig(file.toString(), train.toString(), 0, 1, 0, "")));
    assertThat(apart.questions()).hasSize(4);
  }

  @Test
  void imdb() throws IOException {
    Path file =
        file(
            "imdb.csv",
            "label,text,is_valid\nnegative,\"Bad,\nvery.\",False\npositive,Good,True\n");
    Question question = read(new Imdb(config(file, 1))).questions().get(0);
    assertThat(whole(question))
        .isEqualTo("Passage: Bad,\nvery.\nSentiment: Negative\n\nPassage: Good\nSentiment:");
    assertThat(new Imdb(config(file, 1)).judge(question, " positive.").score()).contains(1.0);
    assertThat(new Imdb(config(file, 1)).judge(question, "").score()).contains(0.0);
  }

  @Test
  void naturalQuestions() throws IOException {
    Path file =
        file(
            "nq.jsonl",
            "{\"question\": \"who wrote The song\", \"answer\": [\"Bobby Scott\", \"Bob Russell\"]}\n");
    NaturalQuestions task = new NaturalQuestions(config(file, 0));
    Question question = read(task).questions().get(0);
    assertThat(whole(question)).isEqualTo("Question: Who wrote the song?\nAnswer:");
    assertThat(task.judge(question, "Bob Russell").score()).contains(1.0);
    assertThat(task.judge(question, "the Bob").score().orElseThrow())
        .isCloseTo(2 / 3.0, within(1e-12));
    assertThat(task.judge(question, "Sting").score()).contains(0.0);
  }

  /** Files that the test writes in the published layout. */
  @Test
  void naturalQuestionsWithPassages() throws IOException {
    ObjectMapper json = new ObjectMapper();
    StringBuilder lines = new StringBuilder();
    for (int record = 0; record < 3; record++) {
      String page = "<h1>é</h1><p>The <b>song</b> &amp; text are by Bob%d.</p>".formatted(record);
      byte[] bytes = page.getBytes(StandardCharsets.UTF_8);
      int paragraph = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("<p>");
      int name = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("Bob");
      var line = json.createObjectNode();
      line.put("document_html", page).put("question_text", "who wrote it");
      var annotation = line.putArray("annotations").addObject();
      annotation
          .putObject("long_answer")
          .put("start_byte", paragraph)
          .put("end_byte", bytes.length);
      var answers = annotation.putArray("short_answers");
      if (record != 1) { // passed over
        answers.addObject().put("start_byte", name).put("end_byte", name + 4);
      }
      lines.append(line).append('\n');
    }
    Path file = file("nq-dev-00.jsonl", lines.toString());
    NaturalQuestionsOpenBook task = new NaturalQuestionsOpenBook(config(file, 5));
    Benchmark benchmark = read(task);
    assertThat(benchmark.questions()).hasSize(1);
    assertThat(whole(benchmark.questions().get(0)))
        .isEqualTo(
            "Passage: The song & text are by Bob0.\n\nQuestion: Who wrote it?\nAnswer: Bob0\n\n"
                + "Passage: The song & text are by Bob2.\n\nQuestion: Who wrote it?\nAnswer:");
    assertThat(task.judge(benchmark.questions().get(0), " bob2").score()).contains(1.0);
    assertThat(benchmark.publishedInstances()).isEmpty();
  }

  @Test
  void truthfulQa() throws IOException {
    // 'W' is 87; of four choices the list is turned by 87 mod 4 = 3: the best comes first.
    Path file =
        file(
            "t.csv",
            """
            Type,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source
            A,M,Why?,Who knows,x; y,It is so; It was so.; Never,s
            """);
    Question question = read(new TruthfulQa(config(file, 0))).questions().get(0);
    assertThat(whole(question))
        .isEqualTo(
            "Question: Why?\nA. Who knows.\nB. It is so.\nC. It was so.\nD. Never.\nAnswer:");
    assertThat(question.gold()).isEqualTo("A");
    assertThat(new TruthfulQa(config(file, 0)).judge(question, " A").score()).contains(1.0);
    assertThat(new TruthfulQa(config(file, 0)).judge(question, " A. Who").score()).contains(0.0);
  }

  @Test
  void raft() throws IOException {
    Path task = Files.createDirectories(folder.resolve("ade"));
    Files.writeString(
        task.resolve("task.json"),
        """
        {"name": "ade", "description": "Label the sentence.", "data_columns": ["Sentence", "ID"],
         "label_columns": {"Label": ["related", "not related"]}}
        """);
    Files.writeString(
        task.resolve("train.csv"), "Sentence,Label,ID\nOne.,related,0\nTwo.,not related,1\n");
    Benchmark benchmark = read(new Raft(config(task, 0)));
    assertThat(whole(benchmark.questions().get(1)))
        .isEqualTo(
            "Label the sentence.\nPossible labels:\n1. related\n2. not related\n\n"
                + "Sentence: Two.\nLabel:");
    assertThat(benchmark.questions().get(1).id()).isEqualTo("raft/ade/1");
  }

  @Test
  void narrativeQa() throws IOException {
    Path published = Files.createDirectories(folder.resolve("narrativeqa"));
    Path sample = SharedData.path("data/helm/narrativeqa");
    Files.copy(sample.resolve("qaps.sample.csv"), published.resolve("qaps.csv"));
    Path summaries = Files.createDirectories(published.resolve("third_party/wikipedia"));
    Files.copy(sample.resolve("summaries.sample.csv"), summaries.resolve("summaries.csv"));
    NarrativeQa task = new NarrativeQa(config(published, 5));
    Benchmark benchmark = read(task);
    assertThat(benchmark.questions()).hasSize(1);
    Question question = benchmark.questions().get(0);
    assertThat(question.demonstrations()).hasSize(1); // of the set train
    assertThat(question.demonstrations().get(0))
        .startsWith("Passage: ")
        .contains("\nQuestion: Who is Miss Delmer?\nAnswer: the elderly spinster aunt");
    assertThat(question.prompt())
        .startsWith("Passage: Mark Hunter (Slater), a high school student")
        .endsWith("\nQuestion: Who is Mark Hunter?\nAnswer:");
    assertThat(task.judge(question, " A loner and outsider student with a radio station").score())
        .contains(1.0);
    assertThat(benchmark.notice().orElseThrow()).contains("has 1 instances");
  }

  @Test
  void quac() {
    Path path = SharedData.path("data/helm/quac/val_v0.2.sample.json");
    Quac task = new Quac(config(path, 1));
    Benchmark benchmark = read(task);
    assertThat(benchmark.questions()).hasSize(4);
    for (Question question : benchmark.questions()) {
      assertThat(question.prompt())
          .startsWith("Title: ")
          .contains("\n\nBackground: ", "\n\nSection: ", "\nPassage: ", "\n\nQuestion: ")
          .doesNotContain("CANNOTANSWER\n\nQuestion: 1")
          .endsWith("\nAnswer:");
      assertThat(task.judge(question, question.gold()).score()).contains(1.0);
    }
    assertThat(read(task).questions()).isEqualTo(benchmark.questions()); // drawn from seeds
  }

  @Test
  void civilComments() throws IOException {
    Path file =
        file(
            "civil.csv",
            """
            ,id,comment_text,split,toxicity,male,female
            0,1,"You, Sir, are kind.",train,0.0,1.0,0.0
            1,2,You are bad.,train,0.9,0.0,0.0
            2,3,Fine.,test,0.1,0.6,0.0
            3,4,Awful.,test,0.5,0.0,0.0
            """);
    CivilComments all =
        new CivilComments(new CivilCommentsConfig(file.toString(), "all", 0, 2, ""));
    Benchmark benchmark = read(all);
    assertThat(benchmark.questions()).hasSize(2);
    assertThat(whole(benchmark.questions().get(1)))
        .isEqualTo(
            """
            Passage: You, Sir, are kind.
            Question: Is the passage above toxic?
            Answer: False

            Passage: You are bad.
            Question: Is the passage above toxic?
            Answer: True

            Passage: Awful.
            Question: Is the passage above toxic?
            Answer:""");
    assertThat(benchmark.questions().get(1).gold()).isEqualTo("True");
    assertThat(all.label()).isEqualTo("civil-comments");

    CivilComments male =
        new CivilComments(new CivilCommentsConfig(file.toString(), "male", 0, 2, ""));
    assertThat(read(male).questions()).hasSize(1);
    assertThat(male.label()).isEqualTo("civil-comments/male");
    assertThatThrownBy(() -> new CivilCommentsConfig("x", "men", 0, 5, ""))
        .hasMessageContaining("give one of all, male");
  }

  @Test
  void hellaSwagAndOpenBookQa() throws IOException {
    Path swag =
        file(
            "swag.jsonl",
            "{\"activity_label\": \"Pole vault\", \"ctx_a\": \"It is a sport.\", \"ctx_b\": \"a few"
                + " women\", \"endings\": [\"go.\", \"stay.\"], \"label\": 1}\n");
    Question ending =
        read(new HellaSwag(new ChoiceConfig(swag.toString(), 0, ""))).questions().get(0);
    assertThat(ending.prompt()).isEqualTo("Pole vault: It is a sport. A few women");
    assertThat(ending.asked())
        .isEqualTo(
            new Asked.Choice(
                List.of("0", "1"), List.of(" go.", " stay."), Asked.Choice.Rule.MEAN, "Answer:"));
    assertThat(ending.gold()).isEqualTo("1");

    Path book =
        file(
            "book.jsonl",
            "{\"id\": \"8-343\", \"question\": {\"stem\": \"To save\", \"choices\": [{\"text\":"
                + " \"spend\", \"label\": \"A\"}, {\"text\": \"keep\", \"label\": \"B\"}]},"
                + " \"answerKey\": \"B\"}\n");
    OpenBookQa task = new OpenBookQa(new ChoiceConfig(book.toString(), 0, ""));
    Question question = read(task).questions().get(0);
    assertThat(question.id()).isEqualTo("8-343");
    assertThat(((Asked.Choice) question.asked()).rule()).isEqualTo(Asked.Choice.Rule.CALIBRATED);
    assertThat(task.judge(question, "1").score()).contains(1.0);
    assertThat(task.judge(question, "0").score()).contains(0.0);
  }

  @ParameterizedTest
  @CsvSource({
    "boolq/boolq.subset_2474.jsonl, boolq, 2469",
    "imdb/imdb_sample.texts.subset_500.csv, imdb, 495",
    "natural_questions/NQ-open.dev.jsonl, natural-questions, 3605",
    "truthfulqa/TruthfulQA.csv, truthfulqa, 654",
    "hellaswag/hellaswag_val.sample_1000.jsonl, hellaswag, 1000",
    "openbookqa/test.jsonl, openbookqa, 500",
    "xsum/sample.json, xsum, 5",
    "xsum/xsum_0shot.first_200.jsonl, xsum, 195",
    "cnn_dailymail/cnn_dailymail.sample_200.csv, cnn-dailymail, 195",
    "raft/ade_corpus_v2, raft, 40",
    "raft/banking_77, raft, 40",
    "raft/neurips_impact_statement_risks, raft, 40",
    "raft/one_stop_english, raft, 40",
    "raft/overruling, raft, 40",
    "raft/semiconductor_org_types, raft, 40",
    "raft/systematic_review_inclusion, raft, 40",
    "raft/tai_safety_research, raft, 40",
    "raft/terms_of_service, raft, 40",
    "raft/tweet_eval_hate, raft, 40",
    "raft/twitter_complaints, raft, 40"
  })
  void readsPublishedFiles(String file, String name, int asked) {
    Path path = SharedData.path("data/helm/" + file);
    BenchmarkTask task =
        switch (name) {
          case "boolq" -> new BoolQ(config(path, 5));
          case "imdb" -> new Imdb(config(path, 5));
          case "natural-questions" -> new NaturalQuestions(config(path, 5));
          case "truthfulqa" -> new TruthfulQa(config(path, 5));
          case "raft" -> new Raft(config(path, 5));
          case "xsum" -> new XSum(config(path, 5));
          case "cnn-dailymail" -> new CnnDailyMail(config(path, 5));
          case "hellaswag" -> new HellaSwag(new ChoiceConfig(path.toString(), 0, ""));
          default -> new OpenBookQa(new ChoiceConfig(path.toString(), 0, ""));
        };
    Benchmark benchmark = read(task);
    assertThat(benchmark.questions()).hasSize(asked);
    for (Question question : benchmark.questions().subList(0, Math.min(20, asked))) {
      assertThat(task.judge(question, question.gold()).score()).contains(1.0);
    }
  }

  /** Requests that HELM itself made. */
  @Test
  void xSumsPromptIsHelmsToTheLetter() throws IOException {
    Path path = SharedData.path("data/helm/xsum/xsum_0shot.first_200.jsonl");
    List<Question> questions = read(new XSum(config(path, 0))).questions();
    List<String> lines = Files.readAllLines(path);
    assertThat(questions).hasSameSizeAs(lines);
    for (int i = 0; i < lines.size(); i++) {
      JsonNode request = new ObjectMapper().readTree(lines.get(i));
      assertThat(questions.get(i).prompt()).isEqualTo(request.path("article").asText());
      Asked.Continuation asked = (Asked.Continuation) questions.get(i).asked();
      assertThat(asked.maxNewTokens()).isEqualTo(request.path("max_tokens").asInt());
      assertThat(asked.sampling().temperature()).isEqualTo(request.path("temperature").asDouble());
      assertThat(asked.stops()).containsExactly(request.path("stop").get(0).asText());
    }
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    Path file =
        file("bad.jsonl", "{\"question\": \"q\", \"passage\": \"p\", \"answer\": \"yes\"}\n");
    assertThatThrownBy(() -> read(new BoolQ(config(file, 0))))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("bad.jsonl:1: 'answer' is missing, or neither true nor false");
    Path csv = file("bad.csv", "label,text\nmixed,So so\n");
    assertThatThrownBy(() -> read(new Imdb(config(csv, 0))))
        .hasMessageContaining("bad.csv:2: the label is 'mixed'");
    assertThatThrownBy(() -> read(new TruthfulQa(config(csv, 0))))
        .hasMessageContaining("there is no column 'Best Answer'");
    Path two = file("two.csv", "label,text\npositive,Good\nnegative,Bad\n");
    assertThatThrownBy(() -> read(new Imdb(config(two, 5))))
        .hasMessageContaining("has only 2 records, which are all shown");
    assertThatThrownBy(() -> read(new Raft(config(folder, 0))))
        .hasMessageContaining("give the folder of a RAFT task");
  }
}
