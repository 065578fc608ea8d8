package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.strimzi.api.kafka.model.kafka.Storage;
import io.strimzi.api.kafka.model.nodepool.KafkaNodePool;
import io.strimzi.platform.KubernetesVersion;
import io.strimzi.platform.PlatformFeatures;
import io.strimzi.plugin.security.profiles.ContainerSecurityProviderContext;
import io.strimzi.plugin.security.profiles.PodSecurityProvider;
import io.strimzi.plugin.security.profiles.impl.BaselinePodSecurityProvider;
import io.strimzi.plugin.security.profiles.impl.RestrictedPodSecurityProvider;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The pods that Strimzi's operator makes of our cluster, by the operator's own providers of
 * security contexts, in a namespace that takes pods of the restricted profile alone.
 */
class StrimziPodSecurityTest {

  @Test
  void theOperatorsDefaultIsRefusedByTheNamespaceAndTheRestrictedProviderIsNot() throws Exception {
    Manifests manifests = Manifests.render("cpu");
    assertThat(manifests.all(Namespace.class).findFirst().orElseThrow().getMetadata().getLabels())
        .containsEntry("pod-security.kubernetes.io/enforce", "restricted");
    Storage storage =
        manifests.all(KafkaNodePool.class).findFirst().orElseThrow().getSpec().getStorage();
    assertThat(containers(new BaselinePodSecurityProvider(), storage))
        .as("Strimzi's default needs the remedy still")
        .noneMatch(StrimziPodSecurityTest::restricted);
    assertThat(containers(new RestrictedPodSecurityProvider(), storage))
        .hasSize(4)
        .allMatch(StrimziPodSecurityTest::restricted);
  }

  @Test
  void theCommandThatInstallsTheOperatorNamesTheRestrictedProvider() {
    String guide = Repository.read(Repository.ROOT.resolve("docs/operations.md"));
    String command =
        Stream.of(guide.split("```"))
            .filter(each -> each.contains("strimzi-kafka-operator"))
            .findFirst()
            .orElseThrow(() -> new AssertionError("no command installs Strimzi"));
    assertThat(command)
        .contains("STRIMZI_POD_SECURITY_PROVIDER_CLASS", "restricted", "watchNamespaces={weir}");
  }

  /** What the restricted profile asks of a container; its pod may say some of it instead. */
  private static boolean restricted(@Nullable SecurityContext container) {
    return container != null
        && Boolean.FALSE.equals(container.getAllowPrivilegeEscalation())
        && Boolean.TRUE.equals(container.getRunAsNonRoot())
        && container.getSeccompProfile() != null
        && "RuntimeDefault".equals(container.getSeccompProfile().getType())
        && container.getCapabilities() != null
        && container.getCapabilities().getDrop().contains("ALL");
  }

  private static List<@Nullable SecurityContext> containers(
      PodSecurityProvider provider, Storage storage) {
    provider.configure(new Plain());
    Context context = new Context(storage);
    // A list that may hold nulls: a provider that says nothing of a container says null.
    return Arrays.asList(
        provider.kafkaContainerSecurityContext(context),
        provider.kafkaInitContainerSecurityContext(context),
        provider.entityTopicOperatorContainerSecurityContext(context),
        provider.entityUserOperatorContainerSecurityContext(context));
  }

  private record Context(Storage storage) implements ContainerSecurityProviderContext {
    @Override
    public @Nullable SecurityContext userSuppliedSecurityContext() {
      return null;
    }
  }

  /** Kubernetes, and not OpenShift. */
  private static final class Plain implements PlatformFeatures {
    @Override
    public KubernetesVersion getKubernetesVersion() {
      return new KubernetesVersion(1, 30);
    }

    @Override
    public boolean isOpenshift() {
      return false;
    }
  }
}
