package dev.weir.deploy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A Compose file, merge keys and variables with defaults resolved.
 *
 * @param file where it is
 * @param content what it says
 */
record ComposeFile(Path file, Map<String, Object> content) {

  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Z0-9_]+)(?::-([^}]*))?\\}");

  static ComposeFile read(String name) {
    Path file = Repository.ROOT.resolve(name);
    return new ComposeFile(file, Repository.yaml(file));
  }

  Map<String, Service> services() {
    Map<String, Service> services = new TreeMap<>();
    map(content.get("services"))
        .forEach((name, each) -> services.put(name, new Service(map(each))));
    return services;
  }

  /** One service as it is written. */
  record Service(Map<String, Object> content) {

    /** The variables of its containers. */
    Map<String, String> environment() {
      Map<String, String> variables = new TreeMap<>();
      map(content.getOrDefault("environment", Map.of()))
          .forEach((name, value) -> variables.put(name, resolved(String.valueOf(value))));
      return variables;
    }

    List<String> command() {
      return list("command");
    }

    List<String> healthCheck() {
      return texts(map(content.get("healthcheck")).get("test"));
    }

    /** Mounts in the short form: source, target, and {@code ro} or {@code rw}. */
    List<Mount> mounts() {
      return list("volumes").stream().map(Mount::of).toList();
    }

    String memoryLimit() {
      Map<String, Object> deploy = map(content.get("deploy"));
      return String.valueOf(map(map(deploy.get("resources")).get("limits")).get("memory"));
    }

    private List<String> list(String key) {
      return texts(content.getOrDefault(key, List.of()));
    }
  }

  /** A mount: a volume's name or a path, where it is seen, and how. */
  record Mount(String source, String target, String mode) {
    static Mount of(String written) {
      String[] parts = written.split(":");
      return new Mount(parts[0], parts[1], parts.length > 2 ? parts[2] : "rw");
    }

    boolean isPath() {
      return source.startsWith(".");
    }
  }

  /** Variables by their defaults, as in a shell without any of them. */
  static String resolved(String text) {
    return VARIABLE.matcher(text).replaceAll((MatchResult found) -> plain(found));
  }

  private static String plain(MatchResult found) {
    String otherwise = found.group(2);
    return java.util.regex.Matcher.quoteReplacement(otherwise == null ? "" : otherwise);
  }

  private static List<String> texts(Object list) {
    List<String> texts = new ArrayList<>();
    ((List<?>) list).forEach(each -> texts.add(resolved(String.valueOf(each))));
    return texts;
  }

  @SuppressWarnings("unchecked") // Compose's maps have texts as keys
  static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }
}
