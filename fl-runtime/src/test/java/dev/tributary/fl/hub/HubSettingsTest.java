// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
  private static final Path HOME = Path.of("/home/ann");

  @ParameterizedTest
  @CsvSource({
    "HOME=/other, /home/ann/.cache/huggingface/hub",
    "XDG_CACHE_HOME=/c, /c/huggingface/hub",
    "XDG_CACHE_HOME=/c HF_HOME=/h, /h/hub",
    "HF_HOME=~/h, /home/ann/h/hub",
    "HF_HOME=/h HF_HUB_CACHE=/x, /x",
    "HF_HUB_CACHE=~, /home/ann",
    "HF_HOME=/h HUGGINGFACE_HUB_CACHE=/y, /h/../y",
  })
  void findsTheCacheAsPythonsLibrariesDo(String variables, String cache) {
    assertThat(HubSettings.of(environment(variables), HOME).cache())
        .isEqualTo(Path.of(cache).normalize());
  }

  @Test
  void fetchesOnlyWhereAHubIsNamedAndNobodyIsOffline() {
    assertThat(HubSettings.of(Map.of(), HOME).mayFetch()).isFalse();
    assertThat(HubSettings.of(environment("HF_ENDPOINT=https://hub"), HOME).mayFetch()).isTrue();
    assertThat(
            HubSettings.of(environment("HF_ENDPOINT=https://hub HF_HUB_OFFLINE=0"), HOME)
                .mayFetch())
        .isTrue();
    for (String yes : new String[] {"1", "ON", "yes", "True"}) {
      String variables = "HF_ENDPOINT=https://hub HF_HUB_OFFLINE=" + yes;
      assertThat(HubSettings.of(environment(variables), HOME).mayFetch()).as(yes).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"hub", "ftp://hub", "https://", "https://ann:secret@hub", "https://h/?q=1"})
  void refusesAnEndpointThatIsNoAddress(String endpoint) {
    assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", endpoint), HOME))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "HF_ENDPOINT = " + endpoint + " is not valid; give the address of a hub, https://HOST");
  }

  @Test
  void refusesATokenThatNoHeaderTakesWithoutShowingIt() {
    assertThatThrownBy(() -> HubSettings.of(Map.of("HF_TOKEN", "hf_a\nhf_b"), HOME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("it has spaces or control characters")
        .hasMessageNotContaining("hf_a");
  }

  private static Map<String, String> environment(String variables) {
    Map<String, String> environment = new java.util.TreeMap<>();
    for (String variable : variables.split(" ", -1)) {
      environment.put(variable.replaceFirst("=.*", ""), variable.replaceFirst("^[^=]*=", ""));
    }
    return environment;
  }
}
