package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The image of {@code docker/Dockerfile} without a container engine: the Java that its own line
 * makes, the distribution, its variables and its entry point, in a mount namespace whose root is
 * read-only. What is not its own are the base image's C libraries: the host's stand in.
 *
 * @param file what the Dockerfile says
 * @param java the Java runtime
 * @param libraries the distribution's jars
 * @param directory where roots and logs go
 */
record HostImage(ImageFile file, Path java, Path libraries, Path directory) {

  /** Makes the Java runtime; the distribution must have been built. */
  static HostImage build(Path directory) throws IOException, InterruptedException {
    Path libraries = Repository.ROOT.resolve("services/standalone/target/weir/lib");
    assertThat(libraries).as("the distribution; make test-deploy builds it").isNotEmptyDirectory();
    ImageFile file = ImageFile.read(Repository.ROOT.resolve("docker/Dockerfile"));
    Path java = directory.resolve("java");
    List<String> jlink = new ArrayList<>(file.jlink());
    jlink.set(0, Path.of(System.getProperty("java.home"), "bin", "jlink").toString());
    jlink.addAll(List.of("--output", java.toString()));
    Commands.output(jlink.toArray(String[]::new));
    return new HostImage(file, java, libraries, directory);
  }

  /**
   * Starts a container.
   *
   * @param name of the log
   * @param arguments after the entry point
   * @param variables over those of the image
   * @param mounts directories of this machine by where they are seen
   */
  Container start(
      String name,
      List<String> arguments,
      Map<String, String> variables,
      List<ComposeFile.Mount> mounts)
      throws IOException {
    List<String> command = new ArrayList<>(file.entrypoint());
    command.addAll(arguments);
    return run(name, command, variables, mounts);
  }

  /** Runs any command in the image, as a health check is. */
  Container run(
      String name,
      List<String> command,
      Map<String, String> variables,
      List<ComposeFile.Mount> mounts)
      throws IOException {
    Path root = Files.createDirectories(directory.resolve("root-" + name));
    Path log = directory.resolve(name + ".log");
    List<String> line =
        new ArrayList<>(List.of("unshare", "--mount", "sh", script().toString(), root.toString()));
    line.add(java.toString());
    line.add(libraries.toString());
    mounts.forEach(m -> line.add(m.source() + ":" + m.target() + ":" + m.mode()));
    line.add("--");
    line.addAll(command);
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    builder.environment().putAll(new TreeMap<>(file.environment()));
    builder.environment().putAll(variables);
    return new Container(name, builder.start(), log);
  }

  private Path script() throws IOException {
    Path script = directory.resolve("container.sh");
    if (!Files.exists(script)) {
      try (InputStream in =
          Objects.requireNonNull(HostImage.class.getResourceAsStream("container.sh"))) {
        Files.copy(in, script);
      }
    }
    return script;
  }
}
