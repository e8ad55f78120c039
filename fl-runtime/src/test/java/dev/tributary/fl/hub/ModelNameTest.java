// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelNameTest {
  @Test
  void takesNameAndRevisionApart() {
    assertThat(ModelName.of("org/Model-1.5_b"))
        .contains(new ModelName("org", "Model-1.5_b", "main"));
    ModelName tagged = ModelName.of("org/model@refs/pr/3").orElseThrow();
    assertThat(tagged).isEqualTo(new ModelName("org", "model", "refs/pr/3"));
    assertThat(tagged.id()).isEqualTo("org/model");
    assertThat(tagged).hasToString("org/model@refs/pr/3");
    assertThat(tagged.at("main")).hasToString("org/model");
    assertThat(tagged.isCommit()).isFalse();
    assertThat(tagged.at("0123456789abcdef0123456789abcdef01234567").isCommit()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model",
        "a/b/c",
        "/a/b",
        "/model",
        "./model",
        "../model",
        "a/",
        "~/model",
        "a b/c",
        "a/b--c",
        "a/b..c",
        "a/.b",
        "a/b-",
        "a/b.git",
        "a/b@",
        "a/b@../../x",
        "a/b@x/",
        "a/b@/x",
        "hdfs://a/b",
        "s3:/a",
        ""
      })
  void takesWhatAHubWouldRefuseForAPath(String text) {
    assertThat(ModelName.of(text)).isEmpty();
    assertThat(ModelName.of("a/" + "b".repeat(95))).isEmpty();
  }
}
