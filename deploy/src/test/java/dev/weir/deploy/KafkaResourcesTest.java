package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.topic.TopicSpec;
import dev.weir.contract.topic.Topics;
import io.strimzi.api.kafka.model.common.template.PodTemplate;
import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.kafka.KafkaClusterSpec;
import io.strimzi.api.kafka.model.nodepool.KafkaNodePool;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Topics, cluster and scaling are what the code and Kafka's operators expect. */
class KafkaResourcesTest {

  static final List<String> OVERLAYS = Manifests.OVERLAYS;

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void topicsAreThoseThatTheServicesWouldCreate(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    Map<String, String> settings = settings(manifests);
    List<TopicSpec> wanted =
        Topics.DEFAULT.all(
            Integer.parseInt(settings.get("WEIR_PARTITIONS")),
            Short.parseShort(settings.get("WEIR_REPLICATION")));
    List<TopicSpec> declared =
        manifests
            .all(KafkaTopic.class)
            .map(
                topic -> {
                  Map<String, String> config = new HashMap<>();
                  topic.getSpec().getConfig().forEach((k, v) -> config.put(k, v.toString()));
                  return new TopicSpec(
                      topic.getMetadata().getName(),
                      topic.getSpec().getPartitions(),
                      topic.getSpec().getReplicas().shortValue(),
                      config);
                })
            .toList();
    assertThat(declared).containsExactlyInAnyOrderElementsOf(wanted);
  }

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void clusterKeepsWhatTheOperatorOwnsAndHasAsManyNodesAsReplicas(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    Kafka kafka = manifests.all(Kafka.class).findFirst().orElseThrow();
    List<String> owned =
        Arrays.stream(KafkaClusterSpec.FORBIDDEN_PREFIXES.split(",")).map(String::strip).toList();
    Map<String, Object> config = kafka.getSpec().getKafka().getConfig();
    assertThat(config.keySet()).allSatisfy(key -> assertThat(owned).noneMatch(key::startsWith));
    assertThat(Integer.parseInt(config.get("message.max.bytes").toString()))
        .isGreaterThan(Topics.MAX_DEAD_LETTER_BYTES);
    int nodes = manifests.all(KafkaNodePool.class).mapToInt(p -> p.getSpec().getReplicas()).sum();
    assertThat(nodes)
        .isGreaterThanOrEqualTo(Integer.parseInt(settings(manifests).get("WEIR_REPLICATION")))
        .isGreaterThanOrEqualTo(
            Integer.parseInt(config.get("transaction.state.log.replication.factor").toString()));
  }

  /** One node that is lost must not take the quorum. */
  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void brokersShareNoMachine(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    String cluster = manifests.all(Kafka.class).findFirst().orElseThrow().getMetadata().getName();
    Map<String, String> brokers =
        Map.of("strimzi.io/cluster", cluster, "strimzi.io/component-type", "kafka");
    assertThat(manifests.all(KafkaNodePool.class))
        .isNotEmpty()
        .allSatisfy(
            pool -> {
              PodTemplate pod = pool.getSpec().getTemplate().getPod();
              assertThat(
                      pod.getAffinity()
                          .getPodAntiAffinity()
                          .getRequiredDuringSchedulingIgnoredDuringExecution())
                  .singleElement()
                  .satisfies(
                      term -> {
                        assertThat(term.getTopologyKey()).isEqualTo("kubernetes.io/hostname");
                        assertThat(term.getLabelSelector().getMatchLabels()).isEqualTo(brokers);
                      });
              assertThat(pod.getTopologySpreadConstraints())
                  .singleElement()
                  .satisfies(
                      zones -> {
                        assertThat(zones.getTopologyKey()).isEqualTo("topology.kubernetes.io/zone");
                        assertThat(zones.getLabelSelector().getMatchLabels()).isEqualTo(brokers);
                      });
            });
  }

  @ParameterizedTest
  @FieldSource("OVERLAYS")
  void everyResourceBelongsToTheCluster(String overlay) throws Exception {
    Manifests manifests = Manifests.render(overlay);
    String cluster = manifests.all(Kafka.class).findFirst().orElseThrow().getMetadata().getName();
    assertThat(manifests.all(KafkaTopic.class).map(each -> each.getMetadata().getLabels()))
        .allSatisfy(on -> assertThat(on).containsEntry("strimzi.io/cluster", cluster));
    assertThat(manifests.all(KafkaUser.class).map(each -> each.getMetadata().getLabels()))
        .allSatisfy(on -> assertThat(on).containsEntry("strimzi.io/cluster", cluster));
    assertThat(settings(manifests).get("WEIR_BOOTSTRAP_SERVERS"))
        .isEqualTo(cluster + "-kafka-bootstrap:9093");
    Set<String> secrets =
        manifests
            .all(KafkaUser.class)
            .map(each -> each.getMetadata().getName())
            .collect(Collectors.toSet());
    secrets.add(cluster + "-cluster-ca-cert");
    // Those of components/secured, which docs/operations.md has the commands for.
    secrets.addAll(Set.of("weir-http-keys", "weir-tls", "weir-signing", "weir-trusted-keys"));
    manifests
        .pods()
        .values()
        .forEach(
            pod ->
                pod.getVolumes().stream()
                    .filter(volume -> volume.getSecret() != null)
                    .forEach(v -> assertThat(secrets).contains(v.getSecret().getSecretName())));
  }

  @Test
  void aPartitionInTroubleDoesNotScaleToTheMaximum() throws Exception {
    Manifests manifests = Manifests.render("cpu");
    Keda.ScaledObject scaled = manifests.all(Keda.ScaledObject.class).findFirst().orElseThrow();
    assertThat(scaled.spec().scaleTargetRef().name()).isEqualTo("weir-inference");
    assertThat(scaled.spec().scaleTargetRef().kind()).isEqualTo("StatefulSet");
    assertThat(scaled.spec().maxReplicaCount())
        .isLessThanOrEqualTo(Integer.parseInt(settings(manifests).get("WEIR_PARTITIONS")));
    Keda.Trigger trigger = scaled.spec().triggers().get(0);
    assertThat(trigger.type()).isEqualTo("kafka");
    assertThat(Keda.KAFKA_METADATA).containsAll(trigger.metadata().keySet());
    assertThat(trigger.metadata())
        .containsEntry("excludePersistentLag", "true")
        .containsEntry("limitToPartitionsWithLag", "true")
        .containsEntry("allowIdleConsumers", "false")
        .containsEntry("topic", Topics.DEFAULT.reviews())
        .containsEntry("consumerGroup", "weir-inference");
    // The scaler counts a group without offsets from the end unless told otherwise.
    assertThat(trigger.metadata()).containsEntry("offsetResetPolicy", "earliest");
    Keda.TriggerAuthentication keys =
        manifests.all(Keda.TriggerAuthentication.class).findFirst().orElseThrow();
    assertThat(keys.metadata().getName()).isEqualTo(trigger.authenticationRef().name());
    assertThat(keys.spec().secretTargetRef())
        .extracting(Keda.SecretTarget::parameter)
        .isSubsetOf(Keda.KAFKA_AUTHENTICATION);
  }

  private static Map<String, String> settings(Manifests manifests) {
    return manifests.environment(
        manifests.pods().get("weir-trainer").getContainers().get(0), "weir-trainer-0");
  }
}
