package dev.weir.deploy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * An overlay as kustomize renders it, read strictly.
 *
 * @param overlay the overlay's name
 * @param raw the documents as they are
 * @param typed the same as types
 */
record Manifests(String overlay, List<Map<String, Object>> raw, List<Object> typed) {

  /** The overlays of this repository. */
  static final List<String> OVERLAYS = List.of("cpu", "gpu", "s3", "dev");

  private static final Map<String, Manifests> RENDERED = new ConcurrentHashMap<>();

  /**
   * Renders an overlay, once per run.
   *
   * @throws IOException if kustomize refuses it
   */
  static Manifests render(String overlay) throws IOException, InterruptedException {
    Manifests known = RENDERED.get(overlay);
    if (known != null) {
      return known;
    }
    String text =
        Commands.output(
            System.getProperty("weir.kubectl", "kubectl"),
            "kustomize",
            Repository.ROOT.resolve("k8s/overlays").resolve(overlay).toString());
    List<Map<String, Object>> raw = Repository.yamls(text);
    Manifests rendered =
        new Manifests(overlay, raw, raw.stream().map(KubernetesModel::read).toList());
    RENDERED.put(overlay, rendered);
    return rendered;
  }

  /** All resources of a type. */
  <T> Stream<T> all(Class<T> type) {
    return typed.stream().filter(type::isInstance).map(type::cast);
  }

  /** The pods of the services by the service's name, such as {@code weir-trainer}. */
  Map<String, PodSpec> pods() {
    Map<String, PodSpec> pods = new TreeMap<>();
    all(Deployment.class)
        .forEach(d -> pods.put(d.getMetadata().getName(), d.getSpec().getTemplate().getSpec()));
    all(StatefulSet.class)
        .forEach(s -> pods.put(s.getMetadata().getName(), s.getSpec().getTemplate().getSpec()));
    return pods;
  }

  /**
   * The variables of a container but those of secrets, and those that only the cluster knows as
   * {@code podName}.
   */
  Map<String, String> environment(Container container, String podName) {
    Map<String, String> variables = new TreeMap<>();
    container.getEnvFrom().stream()
        .filter(from -> from.getConfigMapRef() != null)
        .forEach(from -> variables.putAll(configMap(from.getConfigMapRef().getName()).getData()));
    container
        .getEnv()
        .forEach(
            each ->
                variables.put(
                    each.getName(), each.getValueFrom() == null ? each.getValue() : podName));
    return variables;
  }

  /** A config map by its rendered name. */
  ConfigMap configMap(String name) {
    return all(ConfigMap.class)
        .filter(map -> map.getMetadata().getName().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no config map " + name + " in " + overlay));
  }
}
