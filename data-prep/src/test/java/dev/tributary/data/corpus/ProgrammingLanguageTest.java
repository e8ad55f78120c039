// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgrammingLanguageTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Write a C++ program that adds two numbers | C++",
        "Write a C program that adds two numbers | C",
        "How do I parse a string in C# ? | C#",
        "Create a Java function | Java",
        "Create a JavaScript function | JavaScript",
        "Create a Java Script function | JavaScript",
        "Build a server with Node.js and Express.js | JavaScript",
        "Use Python, not Java | Python",
        "Translate this Java class to Python | Java",
        "Write a SQL query | SQL",
        "Write a Go program | Go",
        "Go to the shop and count | unknown",
        "Plot it in R | R",
        "Create an HTML5 page | HTML/CSS",
        "Write a bash script | Bash",
        "Find the factorial of a number | unknown",
        "Vitamin C is good | unknown",
      })
  void isToldByItsName(String instruction, String language) {
    assertThat(ProgrammingLanguage.of(instruction, "", "")).isEqualTo(language);
  }

  @Test
  void isToldByTheAnswerWhereNobodyNamesIt() {
    assertThat(answered("def add(a, b):\n    return a + b\n\nprint(add(1, 2))"))
        .isEqualTo("Python");
    assertThat(answered("#include <stdio.h>\nint main() { printf(\"hi\"); }")).isEqualTo("C");
    assertThat(answered("#include <iostream>\nusing namespace std;\nint main() { cout << 1; }"))
        .isEqualTo("C++");
    assertThat(answered("const add = (a, b) => a + b;\nconsole.log(add(1, 2));"))
        .isEqualTo("JavaScript");
    assertThat(answered("SELECT name FROM people WHERE age > 3")).isEqualTo("SQL");
    assertThat(answered("<html><body>hi</body></html>")).isEqualTo("HTML/CSS");
    assertThat(
            answered(
                "public class A { public static void main(String[] a) {"
                    + " System.out.println(1); } }"))
        .isEqualTo("Java");
    assertThat(answered("```rust\nlet x = 1;\n```")).isEqualTo("Rust");
    assertThat(answered("The answer is 7.")).isEqualTo(ProgrammingLanguage.UNKNOWN);
  }

  /** Counted there by name, see the data's own description; names decide first here too. */
  @Test
  void findsTheLanguagesOfCodeAlpaca() throws IOException {
    Map<String, Integer> counts = new TreeMap<>();
    for (JsonNode record :
        new ObjectMapper()
            .readTree(SharedData.path("data/codealpaca/new_codealpaca.json").toFile())) {
      counts.merge(
          ProgrammingLanguage.of(
              record.path("instruction").asText(),
              record.path("input").asText(),
              record.path("output").asText()),
          1,
          Integer::sum);
    }
    assertThat(counts.get("Python")).isBetween(1000, 1300);
    assertThat(counts.get("JavaScript")).isBetween(800, 1050);
    assertThat(counts.get("C++")).isBetween(650, 850);
    assertThat(counts.get("Java")).isBetween(500, 700);
    assertThat(counts.get("Bash")).isBetween(400, 650);
    assertThat(counts.get("C#")).isBetween(110, 180);
    assertThat(counts.get("PHP")).isBetween(100, 160);
    assertThat(counts.get("C")).isBetween(60, 120);
    assertThat(counts.getOrDefault("unknown", 0)).isLessThan(150);
  }

  private static String answered(String output) {
    return ProgrammingLanguage.of("Do it", "", output);
  }
}
