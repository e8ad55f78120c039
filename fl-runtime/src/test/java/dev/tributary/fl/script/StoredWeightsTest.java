// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.PackedBatch.Beginning;
import dev.tributary.fl.model.SafetensorsFile;
import dev.tributary.fl.model.SafetensorsWriter;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.testing.TinyModels;
import dev.tributary.fl.testing.TinyModels.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** However a checkpoint is stored, the model computes the same. */
class StoredWeightsTest {
  @TempDir Path folder;

  private static float[] logits(Path directory, DType compute) {
    try (CausalLm model = TorchScript.load(Checkpoint.open(directory), compute, Device.cpu());
        TrainedWeights base = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      return model.logits(base, GradientOracleTest.batch(Beginning.SHARED));
    }
  }

  @Test
  void shardsComputeAsOneFile() throws IOException {
    Path whole = TinyModels.llama(folder.resolve("whole"), Shape.of(61).tiedHead(), 5);
    Path shards = Files.createDirectories(folder.resolve("shards, \"quoted\" and größer"));
    Files.copy(whole.resolve("config.json"), shards.resolve("config.json"));
    SafetensorsFile file = SafetensorsFile.open(whole.resolve("model.safetensors"));
    SafetensorsWriter[] parts = {new SafetensorsWriter(), new SafetensorsWriter()};
    StringBuilder map = new StringBuilder();
    int i = 0;
    for (String name : file.entries().keySet()) {
      int part = i++ % 2;
      parts[part].copy(name, file, name);
      map.append(map.isEmpty() ? "" : ",")
          .append("\"%s\": \"part%d.safetensors\"".formatted(name, part));
    }
    parts[0].writeTo(shards.resolve("part0.safetensors"));
    parts[1].writeTo(shards.resolve("part1.safetensors"));
    Files.writeString(
        shards.resolve("model.safetensors.index.json"), "{\"weight_map\": {" + map + "}}");
    assertThat(logits(shards, DType.FLOAT32)).containsExactly(logits(whole, DType.FLOAT32));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "BFLOAT16"})
  void sixteenBitFilesComputeAsTheirRoundedValues(DType compute) {
    for (DType stored : new DType[] {DType.FLOAT16, DType.BFLOAT16}) {
      Path narrow = TinyModels.llama(folder.resolve(stored + "16"), Shape.of(61).stored(stored), 5);
      Path wide = folder.resolve(stored + "32");
      TinyModels.llama(wide, Shape.of(61), 5);
      SafetensorsWriter writer = new SafetensorsWriter();
      writer.add(SafetensorsFile.open(narrow.resolve("model.safetensors")).tensors());
      writer.writeTo(wide.resolve("model.safetensors"));
      assertThat(logits(narrow, compute)).containsExactly(logits(wide, compute));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void tensorsThatAreNotAlignedAreCopied(boolean tied) throws IOException {
    Shape shape = tied ? Shape.of(61).tiedHead() : Shape.of(61);
    Path aligned = TinyModels.llama(folder.resolve("aligned"), shape, 5);
    Path shifted = TinyModels.llama(folder.resolve("shifted"), shape, 5);
    Path file = shifted.resolve("model.safetensors");
    // one more blank in the header moves every tensor by a byte
    byte[] bytes = Files.readAllBytes(file);
    int header = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    ByteBuffer moved = ByteBuffer.allocate(bytes.length + 1).order(ByteOrder.LITTLE_ENDIAN);
    moved.putLong(header + 1L).put(bytes, 8, header);
    moved.put(" ".getBytes(StandardCharsets.UTF_8));
    moved.put(bytes, 8 + header, bytes.length - 8 - header);
    Files.write(file, moved.array());
    StoredWeights stored =
        new StoredWeights(
            Checkpoint.open(shifted), ScriptSource.weightNames(Checkpoint.open(shifted).config()));
    assertThat(stored.copied()).hasSize(tied ? 29 : 30).doesNotHaveDuplicates();
    assertThat(logits(shifted, DType.FLOAT32)).containsExactly(logits(aligned, DType.FLOAT32));
  }

  @Test
  void aTiedEmbeddingIsHeldOnce() throws IOException {
    // 51 MB of bfloat16, mapped while it is converted to 102 MB of float32
    Shape shape = Shape.of(800_000).tiedHead().stored(DType.BFLOAT16);
    Checkpoint checkpoint = Checkpoint.open(TinyModels.llama(folder.resolve("tied"), shape, 5));
    TinyModels.llama(folder.resolve("small"), Shape.of(61), 5);
    logits(folder.resolve("small"), DType.FLOAT32); // what libtorch needs for itself
    // the process may give back memory of earlier tests meanwhile: then once more
    long held = 0;
    for (int attempt = 0; attempt < 5 && held < 90_000; attempt++) {
      System.gc();
      long before = SharedBaseTest.residentKilobytes();
      CausalLm model = TorchScript.load(checkpoint, DType.FLOAT32, Device.cpu());
      held = SharedBaseTest.residentKilobytes() - before;
      model.close();
    }
    assertThat(held).isBetween(90_000L, 150_000L);
  }
}
