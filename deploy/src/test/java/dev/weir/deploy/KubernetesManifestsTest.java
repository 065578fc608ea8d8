package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every overlay, rendered and read into the published types with unknown fields refused. */
class KubernetesManifestsTest {

  static final List<String> OVERLAYS = Manifests.OVERLAYS;

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void rendersIntoKnownTypesAlone(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    assertThat(manifests.pods().keySet())
        .containsExactly("weir-curation", "weir-inference", "weir-trainer");
    Set<String> names = new HashSet<>();
    for (Map<String, Object> each : manifests.raw()) {
      Map<?, ?> metadata = (Map<?, ?>) each.get("metadata");
      assertThat(names.add(each.get("kind") + "/" + metadata.get("name"))).isTrue();
    }
  }

  @Test
  void misspeltFieldsAreRefused() throws Exception {
    Map<String, Object> deployment =
        Manifests.render("dev").raw().stream()
            .filter(each -> "Deployment".equals(each.get("kind")))
            .findFirst()
            .orElseThrow();
    Map<String, Object> misspelt = new HashMap<>(deployment);
    @SuppressWarnings("unchecked")
    Map<String, Object> spec = new HashMap<>((Map<String, Object>) deployment.get("spec"));
    spec.put("replica", 1);
    misspelt.put("spec", spec);
    assertThatThrownBy(() -> KubernetesModel.read(misspelt)).hasMessageContaining("replica");
  }

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void podsSatisfyTheRestrictedProfile(String overlay) throws Exception {
    pods(overlay)
        .forEach(
            (name, pod) -> {
              assertThat(pod.getAutomountServiceAccountToken()).as(name).isFalse();
              assertThat(pod.getHostNetwork()).as(name).isNull();
              assertThat(pod.getSecurityContext().getRunAsNonRoot()).as(name).isTrue();
              assertThat(pod.getSecurityContext().getRunAsUser()).as(name).isEqualTo(65532);
              assertThat(pod.getSecurityContext().getSeccompProfile().getType())
                  .as(name)
                  .isEqualTo("RuntimeDefault");
              Container container = only(pod);
              assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
              assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
              assertThat(container.getSecurityContext().getCapabilities().getDrop())
                  .containsExactly("ALL");
              assertThat(container.getSecurityContext().getCapabilities().getAdd()).isEmpty();
            });
  }

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void podsHaveProbesOfPathsAndPortsThatExist(String overlay) throws Exception {
    pods(overlay)
        .forEach(
            (name, pod) -> {
              Container container = only(pod);
              Map<String, Integer> ports = new HashMap<>(Map.of("ops", 9404));
              if (name.equals("weir-inference")) {
                ports.put("http", 8080);
              }
              assertThat(
                      container.getPorts().stream()
                          .collect(
                              Collectors.toMap(
                                  ContainerPort::getName, ContainerPort::getContainerPort)))
                  .isEqualTo(ports);
              assertThat(path(container.getStartupProbe())).as(name).isEqualTo("/health/live");
              assertThat(path(container.getLivenessProbe())).as(name).isEqualTo("/health/live");
              assertThat(path(container.getReadinessProbe())).as(name).isEqualTo("/health/ready");
            });
  }

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void podsHaveBoundedMemoryAndTimeToDrain(String overlay) throws Exception {
    Map<String, Long> drain =
        Map.of("weir-curation", 30L, "weir-trainer", 120L, "weir-inference", 110L);
    pods(overlay)
        .forEach(
            (name, pod) -> {
              Map<String, Quantity> requests = only(pod).getResources().getRequests();
              Map<String, Quantity> limits = only(pod).getResources().getLimits();
              assertThat(requests).as(name).containsKeys("cpu", "memory");
              assertThat(limits.get("memory")).as(name).isEqualTo(requests.get("memory"));
              assertThat(pod.getTerminationGracePeriodSeconds())
                  .as(name)
                  .isGreaterThan(drain.get(name));
            });
  }

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void everyMountHasItsVolumeAndEveryWrittenPathAMount(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    manifests
        .pods()
        .forEach(
            (name, pod) -> {
              Container container = only(pod);
              Set<String> volumes =
                  Stream.concat(
                          pod.getVolumes().stream().map(Volume::getName), claims(manifests, name))
                      .collect(Collectors.toSet());
              assertThat(container.getVolumeMounts())
                  .extracting(VolumeMount::getName)
                  .containsExactlyInAnyOrderElementsOf(volumes);
              manifests.environment(container, name + "-0").entrySet().stream()
                  .filter(each -> each.getKey().endsWith("_DIR"))
                  .forEach(
                      each ->
                          assertThat(container.getVolumeMounts())
                              .as("%s %s", name, each)
                              .anyMatch(m -> each.getValue().startsWith(m.getMountPath())));
              assertThat(container.getVolumeMounts())
                  .as("a place to unpack native libraries")
                  .anyMatch(mount -> mount.getMountPath().equals("/tmp"));
            });
  }

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void theCacheFitsItsVolume(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    StatefulSet inference =
        manifests
            .all(StatefulSet.class)
            .filter(each -> each.getMetadata().getName().equals("weir-inference"))
            .findFirst()
            .orElseThrow();
    Quantity size =
        inference
            .getSpec()
            .getVolumeClaimTemplates()
            .get(0)
            .getSpec()
            .getResources()
            .getRequests()
            .get("storage");
    String most =
        manifests
            .environment(only(inference.getSpec().getTemplate().getSpec()), "weir-inference-0")
            .get("WEIR_SERVE_CACHE_MB");
    assertThat(Quantity.getAmountInBytes(size))
        .isGreaterThan(new BigDecimal(most).multiply(BigDecimal.valueOf(1 << 20)));
  }

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void inferenceHasANameThatSurvivesItsReplicas(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    Container container = only(manifests.pods().get("weir-inference"));
    assertThat(container.getEnv())
        .filteredOn(each -> each.getName().equals("WEIR_SERVE_INSTANCE"))
        .singleElement()
        .satisfies(
            each ->
                assertThat(each.getValueFrom().getFieldRef().getFieldPath())
                    .isEqualTo("metadata.name"));
    assertThat(manifests.all(StatefulSet.class).map(each -> each.getMetadata().getName()))
        .contains("weir-inference");
  }

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void servicesSelectPodsAndPortsThatExist(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    List<Service> services = manifests.all(Service.class).toList();
    assertThat(services).hasSize(4);
    for (Service service : services) {
      String selected = service.getSpec().getSelector().get("app.kubernetes.io/name");
      PodSpec pod = manifests.pods().get(selected);
      assertThat(pod).as(service.getMetadata().getName()).isNotNull();
      for (ServicePort port : service.getSpec().getPorts()) {
        assertThat(only(pod).getPorts())
            .extracting(each -> new IntOrString(each.getName()))
            .contains(port.getTargetPort());
      }
    }
    manifests
        .all(StatefulSet.class)
        .forEach(
            set ->
                assertThat(services)
                    .filteredOn(
                        s -> s.getMetadata().getName().equals(set.getSpec().getServiceName()))
                    .singleElement()
                    .satisfies(s -> assertThat(s.getSpec().getClusterIP()).isEqualTo("None")));
  }

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void nothingTalksToTheseUnlessNamed(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    List<NetworkPolicy> policies = manifests.all(NetworkPolicy.class).toList();
    assertThat(policies)
        .filteredOn(
            each -> each.getSpec().getIngress().isEmpty() && each.getSpec().getEgress().isEmpty())
        .singleElement()
        .satisfies(
            each ->
                assertThat(each.getSpec().getPolicyTypes())
                    .containsExactlyInAnyOrder("Ingress", "Egress"));
    // What selects the pods must be on them.
    for (NetworkPolicy policy : policies) {
      Map<String, String> labels = policy.getSpec().getPodSelector().getMatchLabels();
      assertThat(
              manifests.raw().stream()
                  .filter(each -> List.of("Deployment", "StatefulSet").contains(each.get("kind")))
                  .map(KubernetesManifestsTest::podLabels)
                  .filter(on -> on.entrySet().containsAll(labels.entrySet())))
          .as(policy.getMetadata().getName())
          .isNotEmpty();
    }
  }

  @Test
  void metricsOfAllServicesAreScraped() throws Exception {
    Manifests manifests = Manifests.render("cpu");
    ServiceMonitor monitor = manifests.all(ServiceMonitor.class).findFirst().orElseThrow();
    Map<String, String> wanted = monitor.getSpec().getSelector().getMatchLabels();
    Set<String> scraped =
        manifests
            .all(Service.class)
            .filter(s -> s.getMetadata().getLabels().entrySet().containsAll(wanted.entrySet()))
            .map(s -> s.getSpec().getSelector().get("app.kubernetes.io/name"))
            .collect(Collectors.toSet());
    assertThat(scraped).isEqualTo(manifests.pods().keySet());
    assertThat(monitor.getSpec().getEndpoints())
        .singleElement()
        .satisfies(
            each -> {
              assertThat(each.getPath()).isEqualTo("/metrics");
              assertThat(each.getPort()).isEqualTo("ops");
            });
  }

  /**
   * A pod of production that other pods reach shows keys, HTTPS and signatures, or does not start.
   */
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "gpu", "s3"})
  void productionIsClosed(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    Map<String, Set<String>> wanted =
        Map.of(
            "weir-curation", Set.of("WEIR_TLS_CERTIFICATE", "WEIR_TLS_KEY"),
            "weir-trainer",
                Set.of(
                    "WEIR_TLS_CERTIFICATE",
                    "WEIR_TLS_KEY",
                    "WEIR_SIGNING_KEY",
                    "WEIR_TRUSTED_KEYS"),
            "weir-inference",
                Set.of(
                    "WEIR_TLS_CERTIFICATE",
                    "WEIR_TLS_KEY",
                    "WEIR_HTTP_KEYS_FILE",
                    "WEIR_TRUSTED_KEYS"));
    manifests
        .pods()
        .forEach(
            (name, pod) -> {
              Map<String, String> environment = manifests.environment(only(pod), name + "-0");
              assertThat(environment)
                  .as(name)
                  .doesNotContainKey("WEIR_HTTP_ALLOW_ANONYMOUS")
                  .containsKeys(wanted.get(name).toArray(String[]::new));
              // What is named is mounted, from a secret that has to be there.
              for (String variable : wanted.get(name)) {
                Path file = Path.of(environment.get(variable));
                VolumeMount mount =
                    only(pod).getVolumeMounts().stream()
                        .filter(each -> each.getMountPath().equals(file.getParent().toString()))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(name + " does not mount " + file));
                assertThat(mount.getReadOnly()).isTrue();
                assertThat(pod.getVolumes())
                    .filteredOn(each -> each.getName().equals(mount.getName()))
                    .singleElement()
                    .satisfies(
                        each -> {
                          assertThat(each.getSecret()).as(mount.getName()).isNotNull();
                          assertThat(each.getSecret().getOptional()).isNotEqualTo(true);
                        });
              }
              assertThat(only(pod).getReadinessProbe().getHttpGet().getScheme()).isEqualTo("HTTPS");
              assertThat(only(pod).getLivenessProbe().getHttpGet().getScheme()).isEqualTo("HTTPS");
              assertThat(only(pod).getStartupProbe().getHttpGet().getScheme()).isEqualTo("HTTPS");
            });
    assertThat(manifests.all(ServiceMonitor.class))
        .allSatisfy(
            each ->
                assertThat(each.getSpec().getEndpoints().get(0).getTlsConfig().getServerName())
                    .isEqualTo("weir-inference.weir.svc"));
  }

  /** The common chart's Grafana takes each config map with this label for a dashboard. */
  @Test
  void theOperatorsGrafanaGetsTheSameDashboardsAsCompose() throws Exception {
    Map<String, String> shipped = new TreeMap<>();
    try (Stream<Path> files =
        Files.list(Repository.ROOT.resolve("monitoring/grafana/dashboards"))) {
      for (Path file :
          files.filter(each -> each.toString().endsWith(".json")).collect(Collectors.toList())) {
        shipped.put("weir-" + file.getFileName(), Repository.read(file));
      }
    }
    Map<String, String> mapped = new TreeMap<>();
    Manifests.render("cpu")
        .all(ConfigMap.class)
        .filter(each -> "1".equals(labels(each).get("grafana_dashboard")))
        .forEach(each -> mapped.putAll(each.getData()));
    assertThat(mapped).isNotEmpty().isEqualTo(shipped);
  }

  /** A cluster that gives roles to pods gives them to service accounts. */
  @Test
  void podsThatReadTheBucketHaveIdentitiesOfTheirOwn() throws Exception {
    Manifests manifests = Manifests.render("s3");
    Set<String> accounts =
        manifests
            .all(ServiceAccount.class)
            .map(each -> each.getMetadata().getName())
            .collect(Collectors.toSet());
    manifests
        .pods()
        .forEach(
            (name, pod) -> {
              boolean readsTheBucket = !name.equals("weir-curation");
              assertThat(pod.getServiceAccountName()).isEqualTo(readsTheBucket ? name : null);
              assertThat(accounts.contains(name)).as(name).isEqualTo(readsTheBucket);
            });
  }

  @Test
  void theTrainerAloneAsksForAGpu() throws Exception {
    pods("gpu")
        .forEach(
            (name, pod) -> {
              boolean asks = only(pod).getResources().getLimits().containsKey("nvidia.com/gpu");
              assertThat(asks).as(name).isEqualTo(name.equals("weir-trainer"));
            });
    PodSpec trainer = pods("gpu").get("weir-trainer");
    assertThat(only(trainer).getImage()).startsWith("weir-cuda:");
    assertThat(trainer.getTolerations()).anyMatch(each -> "nvidia.com/gpu".equals(each.getKey()));
    assertThat(trainer.getRuntimeClassName()).isEqualTo("nvidia");
  }

  private static Map<String, PodSpec> pods(String overlay)
      throws IOException, InterruptedException {
    return Manifests.render(overlay).pods();
  }

  private static Container only(PodSpec pod) {
    assertThat(pod.getContainers()).hasSize(1);
    return pod.getContainers().get(0);
  }

  private static Map<String, String> labels(ConfigMap map) {
    Map<String, String> labels = map.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  private static String path(Probe probe) {
    assertThat(probe.getHttpGet().getPort()).isEqualTo(new IntOrString("ops"));
    return probe.getHttpGet().getPath();
  }

  private static Stream<String> claims(Manifests manifests, String name) {
    return manifests
        .all(StatefulSet.class)
        .filter(each -> each.getMetadata().getName().equals(name))
        .flatMap(each -> each.getSpec().getVolumeClaimTemplates().stream())
        .map(each -> each.getMetadata().getName());
  }

  @SuppressWarnings("unchecked") // labels are texts
  private static Map<String, String> podLabels(Map<String, Object> workload) {
    Map<String, Object> spec = (Map<String, Object>) workload.get("spec");
    Map<String, Object> template = (Map<String, Object>) spec.get("template");
    Map<String, Object> metadata = (Map<String, Object>) template.get("metadata");
    return (Map<String, String>) metadata.get("labels");
  }
}
