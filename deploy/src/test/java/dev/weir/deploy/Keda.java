package dev.weir.deploy;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBehavior;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * KEDA's resources as far as Weir uses them, for which there is no Java library: the fields of the
 * custom resource definitions of {@code keda.sh/v1alpha1} and of the Kafka scaler. A field that is
 * not here is refused, so adding one means looking it up there.
 */
final class Keda {

  /** What the Kafka scaler reads from a trigger's metadata. */
  static final Set<String> KAFKA_METADATA =
      Set.of(
          "bootstrapServers",
          "consumerGroup",
          "topic",
          "partitionLimitation",
          "lagThreshold",
          "activationLagThreshold",
          "offsetResetPolicy",
          "allowIdleConsumers",
          "excludePersistentLag",
          "scaleToZeroOnInvalidOffset",
          "limitToPartitionsWithLag",
          "ensureEvenDistributionOfPartitions",
          "version",
          "tls",
          "unsafeSsl",
          "sasl");

  /** What the Kafka scaler reads from a trigger's authentication. */
  static final Set<String> KAFKA_AUTHENTICATION =
      Set.of("sasl", "username", "password", "tls", "ca", "cert", "key", "keyPassword");

  private Keda() {}

  record ScaledObject(
      @JsonProperty(required = true) String apiVersion,
      @JsonProperty(required = true) String kind,
      @JsonProperty(required = true) ObjectMeta metadata,
      @JsonProperty(required = true) ScaledObjectSpec spec) {}

  record ScaledObjectSpec(
      @JsonProperty(required = true) ScaleTarget scaleTargetRef,
      @Nullable Integer pollingInterval,
      @Nullable Integer initialCooldownPeriod,
      @Nullable Integer cooldownPeriod,
      @Nullable Integer idleReplicaCount,
      @Nullable Integer minReplicaCount,
      @Nullable Integer maxReplicaCount,
      @Nullable Advanced advanced,
      @JsonProperty(required = true) List<Trigger> triggers,
      @Nullable Fallback fallback) {}

  record ScaleTarget(
      @JsonProperty(required = true) String name,
      @Nullable String apiVersion,
      @Nullable String kind,
      @Nullable String envSourceContainerName) {}

  record Advanced(
      @Nullable Autoscaler horizontalPodAutoscalerConfig,
      @Nullable Boolean restoreToOriginalReplicaCount) {}

  record Autoscaler(@Nullable HorizontalPodAutoscalerBehavior behavior, @Nullable String name) {}

  record Trigger(
      @JsonProperty(required = true) String type,
      @Nullable String name,
      @Nullable Boolean useCachedMetrics,
      @JsonProperty(required = true) Map<String, String> metadata,
      @Nullable Authentication authenticationRef,
      @Nullable String metricType) {}

  record Authentication(@JsonProperty(required = true) String name, @Nullable String kind) {}

  record Fallback(
      @JsonProperty(required = true) int failureThreshold,
      @JsonProperty(required = true) int replicas,
      @Nullable String behavior) {}

  record TriggerAuthentication(
      @JsonProperty(required = true) String apiVersion,
      @JsonProperty(required = true) String kind,
      @JsonProperty(required = true) ObjectMeta metadata,
      @JsonProperty(required = true) TriggerAuthenticationSpec spec) {}

  record TriggerAuthenticationSpec(@Nullable List<SecretTarget> secretTargetRef) {}

  record SecretTarget(
      @JsonProperty(required = true) String parameter,
      @JsonProperty(required = true) String name,
      @JsonProperty(required = true) String key) {}
}
