// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.CheckpointException;
import dev.tributary.fl.model.InitialCheckpoint;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.SafetensorsWriter;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeftDirectoryTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Lora LORA =
      new Lora(new LoraConfig(2, 8, 0.05, List.of("v_proj", "q_proj"), true));

  @TempDir Path folder;
  private Checkpoint base;
  private NamedTensors state;
  private Path written;

  @BeforeEach
  void write() throws IOException {
    base = tinyModel("base", 8, 2);
    state = LORA.initial(base, Seed.of(3));
    written = folder.resolve("adapter");
    PeftDirectory.write(
        written, Trained.of(LORA, base.config(), state), "models/tiny", Map.of("rounds", "3"));
  }

  private Checkpoint tinyModel(String name, int hidden, int layers) throws IOException {
    Path config = folder.resolve(name + ".json");
    Files.writeString(
        config,
        """
        {"model_type": "llama", "vocab_size": 11, "hidden_size": %d, "intermediate_size": 12,
         "num_hidden_layers": %d, "num_attention_heads": 2, "eos_token_id": 2,
         "tie_word_embeddings": true}
        """
            .formatted(hidden, layers));
    return InitialCheckpoint.write(config, 5, folder.resolve(name));
  }

  @Test
  void readsWhatItWrites() {
    PeftDirectory.Contents contents = PeftDirectory.read(written, base.config());
    assertThat(contents.method())
        .isEqualTo(new Lora(new LoraConfig(2, 8, 0.05, List.of("q_proj", "v_proj"), true)));
    assertThat(contents.baseModel()).isEqualTo("models/tiny");
    assertThat(contents.state().names()).isEqualTo(state.names());
    state
        .byName()
        .forEach(
            (name, tensor) -> {
              assertThat(contents.state().get(name).shape()).isEqualTo(tensor.shape());
              assertThat(contents.state().get(name).values()).isEqualTo(tensor.values());
            });
  }

  @Test
  void theSameAdapterGivesTheSameBytesAndLeavesNothingElseBehind() throws IOException {
    Path again = folder.resolve("again");
    PeftDirectory.write(again, Trained.of(LORA, base.config(), state), "models/other", Map.of());
    PeftDirectory.write(
        again, Trained.of(LORA, base.config(), state), "models/tiny", Map.of("rounds", "3"));
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors", "README.md")) {
      assertThat(again.resolve(file)).hasSameBinaryContentAs(written.resolve(file));
    }
    try (var left = Files.list(folder)) {
      assertThat(left.map(p -> p.getFileName().toString())).noneMatch(name -> name.startsWith("."));
    }
  }

  @Test
  void theCardSaysWhatItIs() {
    assertThat(written.resolve("README.md"))
        .content()
        .contains("base_model: \"models/tiny\"")
        .contains("library_name: peft")
        .contains("| layers | v_proj, q_proj |")
        .contains("| trained parameters | " + state.elements() + " |")
        .contains("| rounds | 3 |");
  }

  @Test
  void fullFineTuningSaysThatPeftCannotLoadIt() {
    FullFineTuning full = new FullFineTuning();
    NamedTensors all = full.initial(base, Seed.of(1));
    Path path = folder.resolve("full");
    PeftDirectory.write(path, Trained.of(full, base.config(), all), "models/tiny", Map.of());
    PeftDirectory.Contents contents = PeftDirectory.read(path, base.config());
    assertThat(contents.method()).isEqualTo(full);
    assertThat(contents.state().names()).isEqualTo(List.copyOf(base.parameters().keySet()));
    assertThat(path.resolve("README.md")).content().contains("export RUN --merged");
  }

  @ParameterizedTest
  @ValueSource(strings = {"lora", "rslora"})
  void writesTheTensorFileThatPeftWrites(String name) throws IOException {
    Path recorded = SharedData.path("fixtures/adapters/llama/" + name);
    ModelConfig model = Checkpoint.open(SharedData.path("fixtures/models/llama")).config();
    PeftDirectory.Contents contents = PeftDirectory.read(recorded, model);
    Path ours = folder.resolve("ours");
    PeftDirectory.write(
        ours,
        Trained.of(contents.method(), model, contents.state()),
        contents.baseModel(),
        Map.of());
    assertThat(ours.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(recorded.resolve("adapter_model.safetensors"));
    JsonNode expected = JSON.readTree(recorded.resolve("adapter_config.json").toFile());
    assertThat(JSON.readTree(ours.resolve("adapter_config.json").toFile())).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          all-linear                     ; [down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj]
          .*\\.(?P<which>gate|up)_proj   ; [gate_proj, up_proj]
          ["self_attn.k_proj", "c_attn"] ; [k_proj]
          """)
  void understandsTargetsAsPeftDoes(String targets, String kinds) throws IOException {
    List<String> expected = List.of(kinds.substring(1, kinds.length() - 1).split(", "));
    Lora lora = new Lora(new LoraConfig(2, 8, 0, expected, false));
    PeftDirectory.write(
        written,
        Trained.of(lora, base.config(), lora.initial(base, Seed.of(3))),
        "models/tiny",
        Map.of());
    edit(
        "target_modules",
        targets.startsWith("[") ? targets : '"' + targets.replace("\\", "\\\\") + '"');
    assertThat(
            ((Lora) PeftDirectory.read(written, base.config()).method()).config().targetModules())
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          use_dora          | true               | it lacks [model.layers.0.self_attn.q_proj.lora_magnitude_vector
          bias              | "some"             | bias = "some" cannot be used; computed are [none, lora_only, all]
          rank_pattern      | {"q_proj": 4}      | has shape [2, 8], adapter_config.json and the model ask for [4, 8]
          rank_pattern      | {"q_proj": 0}      | rank_pattern.q_proj = 0 cannot be used; a whole number of at least 1
          alpha_pattern     | {"(q": 4}          | it is no regular expression
          modules_to_save   | ["lm_head"]        | modules_to_save = ["lm_head"] cannot be used; modules trained beside
          init_lora_weights | "pissa_niter_4"    | init_lora_weights = "pissa_niter_4" cannot be used; it changes the base
          peft_type         | "VERA"             | peft_type = "VERA" cannot be used; adapters that can be read are [FULL, IA3, LORA, P_TUNING, PREFIX_TUNING, PROMPT_TUNING]
          target_modules    | ["c_attn"]         | target_modules = ["c_attn"] cannot be used; no layer of a llama model is meant
          target_modules    | ["layers.0.self_attn.q_proj"] | has [model.layers.0.self_attn.v_proj.lora_A.weight
          target_modules    | "(q_proj"          | as a pattern it is broken: Unclosed group
          target_modules    | []                 | a list of names, a pattern or "all-linear" is needed
          lora_dropout      | 2                  | dropout = 2.0 is not valid; give a probability in [0, 1)
          r                 | 0                  | r = 0 cannot be used; a whole number of at least 1 is needed here
          """)
  void refusesWhatItDoesNotCompute(String key, String value, String message) throws IOException {
    edit(key, value);
    assertThatThrownBy(() -> PeftDirectory.read(written, base.config()))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(written + "/")
        .hasMessageContaining(message);
  }

  private void edit(String key, String value) throws IOException {
    Path config = written.resolve("adapter_config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
    json.set(key, JSON.readTree(value));
    Files.writeString(config, json.toString());
  }

  @Test
  void refusesAnAdapterOfAnotherBase() throws IOException {
    ModelConfig wider = tinyModel("wider", 16, 2).config();
    assertThatThrownBy(() -> PeftDirectory.read(written, wider))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            written.resolve("adapter_model.safetensors")
                + ": model.layers.0.self_attn.q_proj.lora_A.weight has shape [2, 8],"
                + " adapter_config.json and the model ask for [2, 16]; it was trained on"
                + " 'models/tiny': use it on that model");
    ModelConfig deeper = tinyModel("deeper", 8, 3).config();
    assertThatThrownBy(() -> PeftDirectory.read(written, deeper))
        .hasMessageContaining("does not fit a llama model of 3 layers: it lacks")
        .hasMessageContaining("model.layers.2.self_attn.v_proj.lora_B.weight]; it was trained on");
    ModelConfig shallower = tinyModel("shallower", 8, 1).config();
    assertThatThrownBy(() -> PeftDirectory.read(written, shallower))
        .hasMessageContaining("of 1 layers: it has [model.layers.1.self_attn.q_proj.lora_A.weight")
        .hasMessageContaining("which the model and adapter_config.json have no place for; it was");
  }

  @Test
  void namesWhatIsMissing() throws IOException {
    assertThatThrownBy(() -> PeftDirectory.read(folder.resolve("none"), base.config()))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("none: there is no such directory; give one with");
    assertThatThrownBy(() -> PeftDirectory.read(base.directory(), base.config()))
        .hasMessageContaining("it has no adapter_config.json; it is a checkpoint");
    Files.move(written.resolve("adapter_model.safetensors"), written.resolve("adapter_model.bin"));
    assertThatThrownBy(() -> PeftDirectory.read(written, base.config()))
        .hasMessageContaining("it has only adapter_model.bin, a pickle");
  }

  @Test
  void readsNamesWithTheAdaptersOwnName() {
    Map<String, NamedTensors.Tensor> named = new LinkedHashMap<>();
    state
        .byName()
        .forEach(
            (name, t) ->
                named.put("base_model.model." + name.replace(".weight", ".default.weight"), t));
    new SafetensorsWriter()
        .add(new NamedTensors(named))
        .writeTo(written.resolve("adapter_model.safetensors"));
    assertThat(PeftDirectory.read(written, base.config()).state().names()).isEqualTo(state.names());
  }
}
