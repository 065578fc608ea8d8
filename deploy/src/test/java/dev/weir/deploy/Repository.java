package dev.weir.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.Tag;

/** The files of this repository. */
final class Repository {

  /** Tests run in the module's directory. */
  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private Repository() {}

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * One YAML document, merge keys resolved, a key given twice refused. What Compose's {@code
   * !reset} takes away is left out; what {@code !override} puts in its place is there.
   */
  static Map<String, Object> yaml(Path file) {
    return yamls(read(file)).get(0);
  }

  /** All documents of a stream of YAML. */
  @SuppressWarnings("unchecked") // a map's keys are texts in every file that is read here
  static List<Map<String, Object>> yamls(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    List<Map<String, Object>> documents = new ArrayList<>();
    for (Object document : new Yaml(new ComposeTags(options)).loadAll(text)) {
      if (document != null) {
        documents.add((Map<String, Object>) document);
      }
    }
    return documents;
  }

  private static final class ComposeTags extends SafeConstructor {
    private static final Tag OVERRIDE = new Tag("!override");
    private static final Tag RESET = new Tag("!reset");

    ComposeTags(LoaderOptions options) {
      super(options);
    }

    @Override
    protected void flattenMapping(MappingNode node) {
      node.getValue().removeIf(each -> each.getValueNode().getTag().equals(RESET));
      for (NodeTuple each : node.getValue()) {
        Node value = each.getValueNode();
        if (value.getTag().equals(OVERRIDE)) {
          value.setTag(value instanceof MappingNode ? Tag.MAP : Tag.SEQ);
        }
      }
      super.flattenMapping(node);
    }
  }
}
