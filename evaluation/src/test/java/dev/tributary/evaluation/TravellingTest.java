// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.evaluation.task.Gsm8k;
import dev.tributary.evaluation.task.Gsm8kConfigs;
import dev.tributary.evaluation.task.Loss;
import dev.tributary.fl.config.Choice;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What goes between driver and executors survives Java serialisation. */
class TravellingTest {
  static List<Object> travellers() {
    Question question =
        new Question("t/0", List.of("shot"), "Q", new Asked.Continuation(3, List.of("\nQ:")), "5");
    return List.of(
        Answering.plan(List.of(question), 1).get(0),
        new Answers(
            List.of(new Answer.Given(0, 0, "Q", "A", 1, 2, 3, 0), new Answer.NotRun(1, "lost")),
            0.5),
        new SplitMeasurement(List.of(1.0, 2.0), 3, 1, List.of("lost"), 0.5),
        Batches.DEFAULT,
        new Choice<Task>(new Loss.Provider(), new Loss.Config("validation", 8, "loss")).config(),
        Gsm8kConfigs.usual("test.jsonl"));
  }

  @ParameterizedTest
  @MethodSource("travellers")
  void arrivesAsItLeft(Object traveller) throws IOException, ClassNotFoundException {
    assertThat(copied(traveller)).isEqualTo(traveller);
  }

  @ParameterizedTest
  @MethodSource("choices")
  void choicesCreateTheSameTaskThere(Choice<Task> choice)
      throws IOException, ClassNotFoundException {
    Choice<?> copy = (Choice<?>) copied(choice);
    assertThat(copy.create()).isEqualTo(choice.create());
  }

  static List<Choice<Task>> choices() {
    return List.of(
        new Choice<>(new Loss.Provider(), new Loss.Config("test", 4, "loss")),
        new Choice<>(new Gsm8k.Provider(), Gsm8kConfigs.usual("test.jsonl")));
  }

  private static Object copied(Object traveller) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(traveller);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return in.readObject();
    }
  }
}
