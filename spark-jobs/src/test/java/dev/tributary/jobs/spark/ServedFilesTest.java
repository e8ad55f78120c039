// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.CheckpointException;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.testing.TinyModels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkEnv;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The driver's file server, asked by its own process; StandaloneClusterIT asks from others. */
class ServedFilesTest {
  @TempDir private Path directory;
  private Checkpoint checkpoint;

  @BeforeEach
  void writeModel() {
    LocalSpark.session();
    checkpoint = TinyModels.llama(directory.resolve("a model"), 40);
  }

  @Test
  void aModelThatIsNotUnderItsPathIsCopiedFromTheDriver() {
    ServedFiles served = serve("model-copied");
    try (CausalLm model = unseen(checkpoint.sha256(), served).load(List.of(Device.cpu()))) {
      assertThat(model.config()).isEqualTo(checkpoint.config());
    }
    assertThat(served.fetch()).isEqualTo(served.fetch()).isNotEqualTo(checkpoint.directory());
    assertThat(Checkpoint.open(served.fetch()).sha256()).isEqualTo(checkpoint.sha256());
  }

  @Test
  void aCopyThatIsNotTheDriversIsRefusedAndMadeAnew() throws IOException {
    ServedFiles served = serve("model-damaged");
    Path copy = served.fetch();
    String found = checkpoint.sha256();
    String wanted = "0".repeat(64);

    assertThatThrownBy(() -> unseen(wanted, served).load(List.of(Device.cpu())))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("Cannot load checkpoint " + copy + " on ")
        .hasMessageContaining("not the driver's (sha256 " + found + ", there " + wanted + ")");
    assertThat(copy).doesNotExist();

    Path again = served.fetch();
    Files.writeString(again.resolve("config.json"), "{}");
    assertThatThrownBy(() -> unseen(found, served).load(List.of(Device.cpu())))
        .isInstanceOf(CheckpointException.class)
        .hasMessageMatching("On \\S+: .*config\\.json.*");
  }

  @Test
  void anotherModelUnderTheSamePathIsRefused() {
    Checkpoint other =
        Checkpoint.open(TinyModels.llama(directory.resolve("other"), TinyModels.Shape.of(40), 18));
    BaseModel base = BaseModel.of(LocalSpark.context(), other, Computation.in(DType.FLOAT32), 1);
    BaseModel replaced =
        new BaseModel(
            base.directory(),
            base.files(),
            checkpoint.sha256(),
            Computation.in(DType.FLOAT32),
            1,
            Optional.of(serve("model-replaced")));

    assertThat(base.served()).as("in local mode").isEmpty();
    assertThat(base.files()).containsExactly("config.json", "model.safetensors");
    assertThatThrownBy(() -> replaced.load(List.of(Device.cpu())))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("Cannot load checkpoint " + base.directory() + " on ")
        .hasMessageContaining("(sha256 " + other.sha256() + ", there " + checkpoint.sha256() + ")");
  }

  @Test
  void saysWhichFileDidNotCome() {
    ServedFiles served = new ServedFiles(serve("model-cut").uri(), List.of("absent.safetensors"));
    assertThatThrownBy(served::fetch)
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageStartingWith("Cannot copy absent.safetensors from the driver to ");
  }

  private BaseModel unseen(String sha256, ServedFiles served) {
    return new BaseModel(
        "/nowhere", served.names(), sha256, Computation.in(DType.FLOAT32), 1, Optional.of(served));
  }

  private ServedFiles serve(String folder) {
    String uri =
        SparkEnv.get().rpcEnv().fileServer().addDirectory(folder, checkpoint.directory().toFile());
    return new ServedFiles(uri, List.of("config.json", "model.safetensors"));
  }
}
