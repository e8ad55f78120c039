// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordReaderTest {
  private static final String GOOD =
      """
      trial: one
      seed: 17
      shape:
        width: 8
        learning-rate: 3e-4
      """;

  private static Trial read(String text, String... overrides) {
    return ExperimentReader.parse(Trial.class, text, "a.yaml", Arrays.asList(overrides)).record();
  }

  private static List<String> faults(String text, String... overrides) {
    ExperimentException refused =
        catchThrowableOfType(ExperimentException.class, () -> read(text, overrides));
    assertThat(refused).as("a refusal of%n%s", text).isInstanceOf(InputException.class);
    List<String> lines = refused.faults().stream().map(LocatedFault::toString).toList();
    assertThat(refused).hasMessage(String.join("\n", lines));
    return lines;
  }

  @Test
  void fillsDefaultsByTheirYaml() {
    Trial trial = read(GOOD);

    assertThat(trial.trial()).isEqualTo("one");
    assertThat(trial.shape())
        .isEqualTo(
            new Trial.Shape(
                8, 3e-4, DType.FLOAT32, List.of("q_proj", "v_proj"), false, Optional.empty()));
    assertThat(trial.rule().name()).isEqualTo("plain");
    assertThat(trial.more()).isEmpty();
    assertThat(trial.notes()).isEmpty();
    assertThat(trial.steps()).isEmpty();
  }

  @Test
  void readsEveryType() {
    Trial trial =
        read(
            """
            trial: 007
            seed: -9_000_000_000
            shape: {width: +3, learning-rate: 1e-3, dtype: bfloat16, tied: true, layers: 2,
                    target-modules: ['k_proj', "o_proj"]}
            rule: {kind: pulling, mu: 1, squared: true}
            more:
              - plain
              - kind: pulling
                mu: .5
            notes: {why: on, b: 3}
            steps: {last: 9}
            """);

    assertThat(trial.trial()).isEqualTo("007");
    assertThat(trial.seed()).isEqualTo(-9_000_000_000L);
    assertThat(trial.shape())
        .isEqualTo(
            new Trial.Shape(
                3, 1e-3, DType.BFLOAT16, List.of("k_proj", "o_proj"), true, Optional.of(2)));
    assertThat(trial.rule().config()).isEqualTo(new Rule.Pull(1, true));
    assertThat(trial.more().get(0).config()).isEqualTo(new Rule.None());
    assertThat(trial.more().get(1).config()).isEqualTo(new Rule.Pull(0.5, false));
    assertThat(trial.notes()).isEqualTo(Map.of("why", "on", "b", "3"));
    assertThat(trial.steps()).contains(new Trial.Steps(1, 9));
  }

  @Test
  void takesAnEmptyValueForAKeyThatIsLeftOut() {
    Trial trial = read(GOOD + "  dtype:\n  layers: null\nrule: ~\nsteps:\n");

    assertThat(trial).isEqualTo(read(GOOD));
    assertThat(faults("trial: one\nseed:\nshape: {width: 1, learning-rate: 1}\n"))
        .containsExactly("a.yaml:2: seed is missing; give a whole number, e.g. 8");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "width: 0             | shape.width = 0 is not valid; give 1 or more, e.g. 8",
        "width: -1            | shape.width = -1 is not valid; give 1 or more, e.g. 8",
        "width: 1.5           | shape.width = 1.5 is not valid; give a whole number, e.g. 8",
        "width: abc           | shape.width = abc is not valid; give a whole number, e.g. 8",
        "width: 010           | shape.width = 010 is not valid; give a whole number, e.g. 8",
        "width: '3'           | shape.width = '3' is not valid; give a whole number without quotes",
        "width: 3000000000    | shape.width = 3000000000 is not valid; give a whole number of at"
            + " most 2147483647",
        "width: [3]           | shape.width = [3] is not valid; give a whole number, e.g. 8",
        "learning-rate: 0     | shape.learning-rate = 0.0 is not valid; give a number above 0",
        "learning-rate: 0,5   | shape.learning-rate = 0,5 is not valid; give a number, e.g. 0.5 or"
            + " 3e-4",
        "learning-rate: .nan  | shape.learning-rate = .nan is not valid; give a number, e.g. 0.5 or"
            + " 3e-4",
        "learning-rate: 1e999 | shape.learning-rate = 1e999 is not valid; give a number, e.g. 0.5"
            + " or 3e-4",
        "tied: yes            | shape.tied = yes is not valid; give true or false",
        "dtype: bf16          | shape.dtype = bf16 is not valid; bf16 is called bfloat16 here;"
            + " choose one of [float32, bfloat16, float16]",
        "dtype: float31       | shape.dtype = float31 is not valid; did you mean float32? choose"
            + " one of [float32, bfloat16, float16]",
        "dtype: int4          | shape.dtype = int4 is not valid; choose one of [float32, bfloat16,"
            + " float16]",
        "target-modules: q    | shape.target-modules = q is not valid; give a list, e.g. [q]",
        "target-modules: []   | shape.target-modules = [] is not valid; name at least one",
        "target-modules: [{}] | shape.target-modules[0] = {} is not valid; give a text",
        "layers: many         | shape.layers = many is not valid; give a whole number, e.g. 8",
        "widht: 3             | unknown key 'shape.widht'; did you mean 'width'?",
        "target_modules: [a]  | unknown key 'shape.target_modules'; did you mean 'target-modules'?",
        "targetModules: [a]   | unknown key 'shape.targetModules'; did you mean 'target-modules'?",
        "lr: 3                | unknown key 'shape.lr'; did you mean 'learning-rate'?",
        "mu: 3                | unknown key 'shape.mu'; did you mean 'rule.mu'?",
        "colour: red          | unknown key 'shape.colour'; known are [width, learning-rate, dtype,"
            + " target-modules, tied, layers]",
      })
  void namesKeyValueAndWayOut(String line, String message) {
    String key = line.substring(0, line.indexOf(':'));
    String others = GOOD.replaceFirst("  " + key + ": .*\n", "");

    assertThat(faults(others + "  " + line + "\n"))
        .containsExactly("a.yaml:" + (others.lines().count() + 1) + ": " + message);
  }

  @Test
  void tellsAllFaultsAtOnceInTheOrderOfTheFile() {
    assertThat(
            faults(
                """
                trial: ' '
                sed: 17
                shape:
                  width: none
                  learning-rate: -1
                  colour: red
                rule: {kind: pulling, mu: -2, squared: 1}
                more:
                  - plain
                  - kind: puling
                    mu: x
                steps:
                  first: 5
                """))
        .containsExactly(
            "a.yaml:1: trial =   is not valid; give a name",
            "a.yaml:2: unknown key 'sed'; did you mean 'seed'?",
            "a.yaml:4: shape.width = none is not valid; give a whole number, e.g. 8",
            "a.yaml:5: shape.learning-rate = -1.0 is not valid; give a number above 0",
            "a.yaml:6: unknown key 'shape.colour'; known are [width, learning-rate, dtype,"
                + " target-modules, tied, layers]",
            "a.yaml:7: rule.squared = 1 is not valid; give true or false",
            "a.yaml:7: rule.mu = -2.0 is not valid; give 0 or more, e.g. 0.1",
            "a.yaml:10: more[1].kind = puling is not valid; did you mean pulling? choose one of"
                + " [plain, pulling]",
            "a.yaml:11: more[1].mu = x is not valid; give a number, e.g. 0.5 or 3e-4",
            "a.yaml:12: steps = 5 to 2 is not valid; first must come before last");
  }

  @Test
  void namesEveryMissingKey() {
    assertThat(faults(""))
        .containsExactly(
            "a.yaml:1: trial is missing; give a text",
            "a.yaml:1: seed is missing; give a whole number, e.g. 8",
            "a.yaml:1: shape is missing; give a group with keys of [width, learning-rate, dtype,"
                + " target-modules, tied, layers]");
    assertThat(faults("trial: a\nseed: 1\n\nshape:\n  tied: true\n"))
        .containsExactly(
            "a.yaml:4: shape.width is missing; give a whole number, e.g. 8",
            "a.yaml:4: shape.learning-rate is missing; give a number, e.g. 0.5 or 3e-4");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "rule: pullin       | rule = pullin is not valid; did you mean pulling? choose one of"
            + " [plain, pulling]",
        "rule: x            | rule = x is not valid; choose one of [plain, pulling]",
        "rule: {mu: 1}      | rule.kind is missing; choose one of [plain, pulling]",
        "rule: {name: plain}| unknown key 'rule.name'; did you mean 'kind'?",
        "rule: [plain]      | rule = [plain] is not valid; choose one of [plain, pulling]",
        "rule: {kind: plain, mu: 2} | unknown key 'rule.mu'; there is nothing to set here",
        "shape: wide        | shape = wide is not valid; give a group with keys of [width,"
            + " learning-rate, dtype, target-modules, tied, layers]",
        "more: plain        | more = plain is not valid; give a list: entries in [ ], or each on a"
            + " line of its own after '- '",
        "notes: 3           | notes = 3 is not valid; give a group of keys and values, e.g. {a: b}",
      })
  void saysWhatAChoiceOrGroupNeeds(String line, String message) {
    String key = line.substring(0, line.indexOf(':'));
    String others =
        key.equals("shape") ? "trial: one\nseed: 17\n" : GOOD; // shape takes several lines there

    List<String> found = faults(others + line + "\n");

    assertThat(found).contains("a.yaml:" + (others.lines().count() + 1) + ": " + message);
    if (!message.contains("'rule.mu'; there")) {
      assertThat(found).hasSize(1);
    }
  }

  @Test
  void overridesKeysGroupsListsAndChoices() {
    String text = GOOD + "rule: pulling\nmore: [plain, {kind: pulling, mu: 3}]\n";

    Trial trial =
        read(
            text,
            "seed=3",
            "shape.learning-rate=1e-5",
            "shape.target-modules=[a, b]",
            "rule.mu=7",
            "more[1].mu=0.25",
            "steps={first: 4, last: 5}",
            "notes.why=a=b");

    assertThat(trial.seed()).isEqualTo(3);
    assertThat(trial.shape().learningRate()).isEqualTo(1e-5);
    assertThat(trial.shape().targetModules()).containsExactly("a", "b");
    assertThat(trial.rule().config()).isEqualTo(new Rule.Pull(7, false));
    assertThat(trial.more().get(1).config()).isEqualTo(new Rule.Pull(0.25, false));
    assertThat(trial.steps()).contains(new Trial.Steps(4, 5));
    assertThat(trial.notes()).isEqualTo(Map.of("why", "a=b"));
    assertThat(read(text, "rule=plain").rule().name()).isEqualTo("plain");
    assertThat(read(text, "rule=").rule().name()).isEqualTo("plain");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "shape.width=0    | shape.width = 0 is not valid; give 1 or more, e.g. 8",
        "shape.widht=3    | unknown key 'shape.widht'; did you mean 'width'?",
        "rounds           | 'rounds' does not set a key; write key=value, e.g. training.rounds=2",
        "=3               | '=3' does not set a key; write key=value, e.g. training.rounds=2",
        "a..b=3           | 'a..b=3' does not set a key; write key=value, e.g. training.rounds=2",
        "more[2].mu=3     | more[2].mu=3 has no place: the list has 0 entries, counted from 0; give"
            + " the whole list",
        "seed[0]=3        | seed[0]=3 has no place: there is no list; give the whole list",
        "seed=[1          | this is not YAML: while parsing a flow sequence, expected ',' or ']',"
            + " but got <stream end> (column 1); check indentation, colons, quotes and brackets",
      })
  void placesFaultsOfOverridesOnTheCommandLine(String override, String message) {
    assertThat(faults(GOOD + "more: []\n", override)).containsExactly("command line: " + message);
  }

  @Test
  void refusesKeysThatStandTwice() {
    assertThat(faults(GOOD + "  width: 9\nseed: 18\n"))
        .containsExactly(
            "a.yaml:6: shape.width stands here again, first in line 4; take one of them out",
            "a.yaml:7: seed stands here again, first in line 2; take one of them out");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`trial: one%\tseed: 3` | 2",
        "`trial: one%seed: [3` | 2",
        "`trial: one%%seed: 3: 4` | 3",
        "`trial: one%seed: \"3` | 2",
        "`trial: one%---%seed: 3` | 2",
        "`trial: a%  seed: 1` | 2",
      })
  void saysWhereTextIsNotYaml(String text, int line) {
    assertThat(faults(text.replace('%', '\n')))
        .singleElement()
        .asString()
        .startsWith("a.yaml:" + line + ": this is not YAML: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "seed: !!java.net.URL [\"http://x\"]",
        "seed: !!javax.script.ScriptEngineManager {}",
        "seed: !mine 3",
      })
  void refusesTagsWithoutMakingAnythingOfThem(String line) {
    assertThat(faults("trial: a\n" + line + "\n"))
        .anySatisfy(
            fault ->
                assertThat(fault).startsWith("a.yaml:2: the tag ").contains("write the plain"));
  }

  @Test
  void refusesTextThatUnfoldsWithoutEnd() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x]\n");
    for (int i = 1; i < 40; i++) {
      bomb.append(String.format("a%d: &a%d [*a%d, *a%d]%n", i, i, i - 1, i - 1));
    }
    assertThat(faults(bomb.toString()))
        .containsExactly(
            "a.yaml:1: references to groups and lists (*name) are not read; write the values out");
    assertThat(faults("a: &a [*a]"))
        .singleElement()
        .asString()
        .contains("references to groups and lists");
    assertThat(faults("[".repeat(10_000)))
        .singleElement()
        .asString()
        .startsWith("a.yaml:1: this is not YAML");
  }

  @Test
  void refusesFilesThatAreNoGroupOfKeys() {
    assertThat(faults("- trial: a\n"))
        .containsExactly(
            "a.yaml:1: the file must hold a group of keys, not a list; begin with 'trial: '");
    assertThat(faults("\n\ntrial one\n"))
        .containsExactly(
            "a.yaml:3: the file must hold a group of keys, not one value; begin with 'trial: '");
    assertThat(faults("? [a, b]\n: 3\n"))
        .contains("a.yaml:1: a key must be a word, not a group or list; take it out");
  }
}
