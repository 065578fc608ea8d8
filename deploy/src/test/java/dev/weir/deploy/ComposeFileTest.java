package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The Compose files against Compose's own schema and against this repository. */
class ComposeFileTest {

  static final List<String> FILES = files();

  /** Ours; the others are images of other projects. */
  private static final Set<String> SERVICES = Set.of("curation", "trainer", "inference");

  @ParameterizedTest
  @FieldSource("FILES")
  void satisfiesTheSchema(String name) throws IOException {
    JsonNode file = new ObjectMapper().valueToTree(ComposeFile.read(name).content());
    assertThat(schema().validate(file)).isEmpty();
  }

  @Test
  void theSchemaRefusesWhatComposeDoesNotKnow() throws IOException {
    JsonNode file =
        new ObjectMapper()
            .readTree("{\"services\":{\"kafka\":{\"image\":\"apache/kafka\",\"memory\":\"1g\"}}}");
    assertThat(schema().validate(file)).isNotEmpty();
  }

  @ParameterizedTest
  @FieldSource("FILES")
  void everyMountedFileAndDockerfileExists(String name) {
    ComposeFile compose = ComposeFile.read(name);
    compose
        .services()
        .forEach(
            (service, each) -> {
              each.mounts().stream()
                  .filter(ComposeFile.Mount::isPath)
                  .forEach(m -> assertThat(Repository.ROOT.resolve(m.source())).exists());
              Object build = each.content().get("build");
              if (build != null) {
                assertThat(
                        Repository.ROOT.resolve(
                            String.valueOf(ComposeFile.map(build).get("dockerfile"))))
                    .as(service)
                    .exists();
              }
            });
  }

  @ParameterizedTest
  @FieldSource("FILES")
  void variablesAreSettings(String name) {
    ComposeFile.read(name)
        .services()
        .forEach(
            (service, each) -> {
              if (SERVICES.contains(service)) {
                SettingsUsedTest.accepted(name + " " + service, each.environment());
              }
            });
  }

  @Test
  void everyContainerIsCheckedBoundedAndRestarted() {
    ComposeFile compose = ComposeFile.read("docker-compose.yml");
    Map<String, ComposeFile.Service> services = compose.services();
    assertThat(services.keySet()).containsAll(SERVICES).contains("kafka");
    services.forEach(
        (name, service) -> {
          assertThat(service.memoryLimit()).as(name).matches("\\d+[mg]");
          assertThat(service.content()).as(name).containsKey("logging");
          if (!"no".equals(service.content().get("restart"))) {
            assertThat(service.content().get("restart")).as(name).isEqualTo("unless-stopped");
            assertThat(service.healthCheck().get(0)).as(name).isEqualTo("CMD");
          }
        });
    for (String name : SERVICES) {
      ComposeFile.Service service = Objects.requireNonNull(services.get(name));
      assertThat(service.content())
          .containsEntry("read_only", true)
          .containsEntry("cap_drop", List.of("ALL"))
          .containsEntry("security_opt", List.of("no-new-privileges:true"));
      assertThat(ComposeFile.map(service.content().get("depends_on")).get("kafka"))
          .isEqualTo(Map.of("condition", "service_healthy"));
    }
  }

  /**
   * Docker Engine 20.10 is what Debian 12 has; it and Compose 2.24 refuse what came later, or pass
   * it over.
   */
  @ParameterizedTest
  @FieldSource("FILES")
  void asksForNothingThatCameAfterEngine2010AndCompose224(String name) {
    Set<String> later =
        Set.of(
            "start_interval", // Engine 25
            "mac_address", // on a network: Engine 25
            "gw_priority", // Engine 28
            "interface_name", // Engine 28
            "gpus", // Compose 2.30
            "post_start", // Compose 2.30
            "pre_stop", // Compose 2.30
            "use_api_socket", // Compose 2.37
            "provider", // Compose 2.36
            "models"); // Compose 2.38
    ComposeFile compose = ComposeFile.read(name);
    assertThat(keys(compose.content())).isNotEmpty().doesNotContainAnyElementsOf(later);
  }

  @Test
  void sayWhichVersionsTheyNeedWhereOneLooksFirst() {
    assertThat(Repository.read(Repository.ROOT.resolve("docker-compose.yml")).lines().limit(5))
        .anyMatch(line -> line.contains("Docker Engine 20.10"));
    for (String name : FILES) {
      String text = Repository.read(Repository.ROOT.resolve(name));
      if (text.contains("!override") || text.contains("!reset")) {
        assertThat(text.lines().findFirst().orElseThrow()).as(name).contains("Compose 2.24.4");
      }
    }
  }

  private static Set<String> keys(Object value) {
    Set<String> keys = new HashSet<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach(
          (key, each) -> {
            keys.add(String.valueOf(key));
            keys.addAll(keys(each));
          });
    } else if (value instanceof List<?> list) {
      list.forEach(each -> keys.addAll(keys(each)));
    }
    return keys;
  }

  @Test
  void everyNamedVolumeIsDeclaredAndUsed() {
    ComposeFile compose = ComposeFile.read("docker-compose.yml");
    Set<String> used =
        compose.services().values().stream()
            .flatMap(each -> each.mounts().stream())
            .filter(each -> !each.isPath())
            .map(ComposeFile.Mount::source)
            .collect(Collectors.toSet());
    assertThat(ComposeFile.map(compose.content().get("volumes")).keySet()).isEqualTo(used);
  }

  @Test
  void portsAreOpenToThisMachineOnly() {
    ComposeFile.read("docker-compose.yml")
        .services()
        .forEach(
            (name, service) -> {
              Object ports = service.content().getOrDefault("ports", List.of());
              assertThat((List<?>) ports)
                  .as(name)
                  .allSatisfy(port -> assertThat(port.toString()).startsWith("127.0.0.1:"));
            });
  }

  @Test
  void imagesArePinnedAndOursRunAsNobody() {
    List<String> images = new ArrayList<>();
    FILES.forEach(
        name ->
            ComposeFile.read(name)
                .services()
                .values()
                .forEach(each -> images.add(String.valueOf(each.content().get("image")))));
    ImageFile image = ImageFile.read(Repository.ROOT.resolve("docker/Dockerfile"));
    ImageFile cuda = ImageFile.read(Repository.ROOT.resolve("docker/Dockerfile.cuda"));
    images.addAll(image.bases());
    images.addAll(cuda.bases());
    assertThat(images)
        .filteredOn(each -> !each.equals("null"))
        .allSatisfy(each -> assertThat(each).matches("[^:@]+:[^@]+(@sha256:[0-9a-f]{64})?"))
        .noneMatch(each -> each.endsWith(":latest"));
    assertThat(List.of(image, cuda))
        .allSatisfy(
            each -> {
              assertThat(each.user()).isEqualTo("65532:65532");
              assertThat(each.entrypoint()).isEqualTo(image.entrypoint());
              assertThat(each.jlink()).isEqualTo(image.jlink());
            });
    SettingsUsedTest.accepted("docker/Dockerfile", image.environment());
    SettingsUsedTest.accepted("docker/Dockerfile.cuda", cuda.environment());
  }

  private static JsonSchema schema() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ComposeFileTest.class.getResourceAsStream("compose-spec.json"))) {
      // Its $id is no address, which the validator asks of one.
      ObjectNode schema = (ObjectNode) new ObjectMapper().readTree(in);
      schema.remove("$id");
      return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(schema);
    }
  }

  private static List<String> files() {
    try (Stream<Path> found = Files.list(Repository.ROOT)) {
      return found
          .map(each -> each.getFileName().toString())
          .filter(each -> each.startsWith("docker-compose") && each.endsWith(".yml"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
