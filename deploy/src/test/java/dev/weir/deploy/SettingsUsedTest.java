package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.process.CommonSettings;
import dev.weir.standalone.loop.LocalLoop;
import io.fabric8.kubernetes.api.model.Container;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Every variable of a container is a setting that its service knows, with a value it accepts. */
class SettingsUsedTest {

  static final List<String> OVERLAYS = Manifests.OVERLAYS;

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void kubernetes(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    manifests
        .pods()
        .forEach(
            (name, pod) -> {
              Container container = pod.getContainers().get(0);
              accepted(overlay + " " + name, manifests.environment(container, name + "-0"));
            });
  }

  /** Reads the variables as the process would; only files of the cluster cannot be read here. */
  static void accepted(String where, Map<String, String> environment) {
    List<Setting<?>> known = new ArrayList<>(CommonSettings.all());
    known.addAll(LocalLoop.serviceSettings());
    Map<String, String> here = new HashMap<>(environment);
    here.computeIfPresent(
        CommonSettings.KAFKA_CLIENT_CONFIG.name(),
        (name, file) ->
            Repository.ROOT.resolve("k8s/components/kafka/client.properties").toString());
    // Secrets that operators make: the variables are known, their files are not here.
    here.entrySet()
        .removeIf(
            each -> {
              boolean secret = each.getValue().startsWith("/etc/weir/");
              if (secret) {
                assertThat(known).as(where).extracting(Setting::name).contains(each.getKey());
              }
              return secret;
            });
    assertThatCode(() -> Settings.read(known, here)).as(where).doesNotThrowAnyException();
  }
}
