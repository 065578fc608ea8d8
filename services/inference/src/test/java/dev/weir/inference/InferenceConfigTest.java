package dev.weir.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.weir.inference.access.ApiKey;
import dev.weir.inference.access.Scope;
import dev.weir.inference.device.ServingDevice;
import dev.weir.inference.slot.SlotPolicy;
import dev.weir.model.device.DeviceRequest;
import dev.weir.model.spec.Precision;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.config.SettingsException;
import dev.weir.service.process.CommonSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InferenceConfigTest {

  @TempDir Path directory;

  @Test
  void defaultsTakeAllProcessorsAndAnInstanceOfTheirOwn() {
    InferenceConfig config = config(Map.of());
    assertThat(config.workers()).isEqualTo(Runtime.getRuntime().availableProcessors());
    assertThat(config.http().port()).isEqualTo(8080);
    assertThat(config.adapters().precision().forced()).isNull();
    assertThat(config.adapters().slots())
        .isEqualTo(new SlotPolicy(8, 1024, Set.of(), Duration.ofSeconds(10)));
    assertThat(config.adapters().merged()).isEmpty();
    assertThat(config.instanceId()).isNotBlank().isNotEqualTo(config(Map.of()).instanceId());
  }

  @Test
  void readsWhatIsSet() {
    InferenceConfig config =
        config(
            Map.of(
                "WEIR_SERVE_WORKERS", "3",
                "WEIR_SERVE_PRECISION", "INT8",
                "WEIR_SERVE_PINNED", "default, topic",
                "WEIR_SERVE_MERGED", "default",
                "WEIR_SERVE_INSTANCE", "replica-7",
                "WEIR_TOPIC_PREFIX", "p-"));
    assertThat(config.workers()).isEqualTo(3);
    assertThat(config.adapters().precision().forced()).isEqualTo(Precision.INT8);
    assertThat(config.adapters().slots().pinned()).containsExactlyInAnyOrder("default", "topic");
    assertThat(config.adapters().merged()).isEqualTo("default");
    assertThat(config.instanceId()).isEqualTo("replica-7");
    assertThat(
            config(Map.of("WEIR_SERVE_PRECISION", "int8-weight-only"))
                .adapters()
                .precision()
                .forced())
        .isEqualTo(Precision.INT8_WEIGHT_ONLY);
    assertThat(config.topics().reviews()).isEqualTo("p-reviews");
  }

  @Test
  void reportsAllProblemsAtOnce() {
    assertThatThrownBy(() -> config(Map.of("WEIR_SERVE_QUEUE", "1", "WEIR_SERVE_WORKER", "2")))
        .isInstanceOfSatisfying(
            SettingsException.class,
            e ->
                assertThat(e.problems())
                    .hasSize(2)
                    .anyMatch(line -> line.contains("1000 … 1000000"))
                    .anyMatch(line -> line.contains("did you mean WEIR_SERVE_WORKERS?")));
  }

  @Test
  void mistakesInKeysAndOriginsAreFoundWithAllOthers() {
    assertThatThrownBy(
            () ->
                config(
                    Map.of(
                        "WEIR_HTTP_KEYS_FILE", "no-such-file",
                        "WEIR_HTTP_ORIGINS", "*",
                        "WEIR_HTTP_RATE", "-1",
                        "WEIR_TRUSTED_KEYS", "no-such-key",
                        "WEIR_STORE", "s3:/bucket")))
        .isInstanceOfSatisfying(
            SettingsException.class,
            e ->
                assertThat(e.problems())
                    .hasSize(5)
                    .anyMatch(line -> line.contains("WEIR_HTTP_KEYS_FILE names 'no-such-file'"))
                    .anyMatch(line -> line.contains("accepted are origins such as https://"))
                    .anyMatch(line -> line.contains("WEIR_TRUSTED_KEYS names 'no-such-key'"))
                    .anyMatch(line -> line.contains("accepted are s3://bucket and")));
    assertThat(config(Map.of("WEIR_HTTP_ORIGINS", "https://A.example, http://b:81")).http())
        .satisfies(
            http ->
                assertThat(http.origins())
                    .containsExactlyInAnyOrder("https://a.example", "http://b:81"));
  }

  @Test
  void gpuThatIsAskedForAndMissingIsFoundWithAllOtherProblems() {
    List<Setting<?>> serving = InferenceConfig.serving(declared());
    Map<String, String> environment =
        Map.of("WEIR_SERVE_DEVICE", "cuda", "WEIR_SERVE_WORKERS", "-1");
    assumeThat(ServingDevice.missing()).as("no GPU, or no build for one").isPresent();

    assertThatThrownBy(() -> Settings.read(serving, environment))
        .isInstanceOfSatisfying(
            SettingsException.class,
            e ->
                assertThat(e.problems())
                    .hasSize(2)
                    .anyMatch(line -> line.startsWith("WEIR_SERVE_WORKERS"))
                    .anyMatch(
                        line ->
                            line.startsWith("WEIR_SERVE_DEVICE is 'cuda'. A GPU cannot be used (")
                                && line.contains("WEIR_SERVE_DEVICE=cpu")));
    assertThat(InferenceMain.run(declared(), environment)).isEqualTo(2);
    assertThat(config(Map.of("WEIR_SERVE_DEVICE", "cuda")).adapters().device())
        .as("of a process that serves nothing")
        .isEqualTo(DeviceRequest.CUDA);
  }

  @Test
  void eightBitsOnAGpuAreRefused() {
    assertThatThrownBy(
            () -> config(Map.of("WEIR_SERVE_DEVICE", "cuda", "WEIR_SERVE_PRECISION", "int8")))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("WEIR_SERVE_PRECISION=int8 is for processors");
  }

  @Test
  void badSettingsEndWithCode2() {
    assertThat(InferenceMain.run(declared(), Map.of("WEIR_HTTP_PORT", "eighty"))).isEqualTo(2);
  }

  private static InferenceConfig config(Map<String, String> environment) {
    return InferenceConfig.from(Settings.read(declared(), environment));
  }

  private static List<Setting<?>> declared() {
    List<Setting<?>> declared = new ArrayList<>(CommonSettings.all());
    declared.addAll(InferenceConfig.settings());
    return declared;
  }

  @Test
  void anAddressOfOtherMachinesNeedsKeysOrALeaveThatIsGiven() throws IOException {
    for (String host : List.of("0.0.0.0", "::", "192.0.2.1")) {
      assertThatThrownBy(() -> config(Map.of("WEIR_HTTP_HOST", host)))
          .as(host)
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("WEIR_HTTP_KEYS_FILE")
          .hasMessageContaining("WEIR_HTTP_ALLOW_ANONYMOUS=true")
          .hasMessageContaining("127.0.0.1");
      Path keys =
          Files.writeString(
              directory.resolve("keys"), ApiKey.of("k", Set.of(Scope.ADMIN), "k").line());
      assertThat(
              config(Map.of("WEIR_HTTP_HOST", host, "WEIR_HTTP_KEYS_FILE", keys.toString()))
                  .http()
                  .keys())
          .isPresent();
      assertThat(
              config(Map.of("WEIR_HTTP_HOST", host, "WEIR_HTTP_ALLOW_ANONYMOUS", "true"))
                  .http()
                  .host())
          .isEqualTo(host);
    }
    assertThat(config(Map.of("WEIR_HTTP_HOST", "localhost")).http().keys()).isEmpty();
  }

  @Test
  void aServiceForOtherMachinesWithoutKeysEndsBeforeItAsksForABroker() {
    assertThat(
            InferenceMain.run(
                declared(), Map.of("WEIR_HTTP_HOST", "0.0.0.0", "WEIR_OPS_PORT", "0")))
        .isEqualTo(2);
  }

  @Test
  void hostsAreNamesAndAddressesAlone() {
    assertThat(
            config(Map.of("WEIR_HTTP_HOSTS", "Weir.example.org, ::1,weir_inference"))
                .http()
                .hosts())
        .containsExactlyInAnyOrder("weir.example.org", "::1", "weir_inference");
    for (String bad :
        List.of("*", "*.example.org", "https://x", "x:80", "a b", "x/", "-x", "x..y")) {
      assertThatThrownBy(() -> config(Map.of("WEIR_HTTP_HOSTS", bad)))
          .as(bad)
          .hasMessageContaining("WEIR_HTTP_HOSTS");
    }
  }
}
