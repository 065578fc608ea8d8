package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.Security;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the images are built: what only a build or a start of one would show otherwise. */
class ImageFileTest {

  private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");

  /** Classes that Kafka's clients name in their settings, which no scan of the jars finds. */
  @ParameterizedTest
  @ValueSource(strings = {"docker/Dockerfile", "docker/Dockerfile.cuda"})
  void javaHasWhatKafkasKerberosLoadsByName(String name) throws ClassNotFoundException {
    Module login = Class.forName("com.sun.security.auth.module.Krb5LoginModule").getModule();
    Module mechanism = Security.getProvider("JdkSASL").getClass().getModule();
    List<String> jlink = image(name).jlink();
    List<String> modules = Arrays.asList(jlink.get(jlink.indexOf("--add-modules") + 1).split(","));
    assertThat(modules).contains(login.getName(), mechanism.getName());
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker/Dockerfile", "docker/Dockerfile.cuda"})
  void anEditFetchesNothingAgainAndTheBuildSaysWhatItDoes(String name) {
    List<String> maven =
        joined(name).filter(line -> line.startsWith("RUN ") && line.contains(" mvn ")).toList();
    assertThat(maven)
        .isNotEmpty()
        .allSatisfy(
            line ->
                assertThat(line)
                    .contains(
                        "--mount=type=cache,target=/var/cache/maven",
                        "-Dmaven.repo.local=/var/cache/maven")
                    .doesNotContain(" -q ")
                    .doesNotContain(" -ntp "));
  }

  /**
   * An archive of classes is of one class path, and {@code lib/*} comes in another order elsewhere.
   */
  @ParameterizedTest
  @ValueSource(strings = {"docker/Dockerfile", "docker/Dockerfile.cuda"})
  void startsWithTheArchiveOfClassesOfItsOwnClassPath(String name) {
    String archive =
        joined(name)
            .filter(line -> line.contains("-XX:ArchiveClassesAtExit="))
            .findFirst()
            .orElseThrow();
    assertThat(archive).contains("@/opt/weir/class-path", "-XX:+UseG1GC");
    assertThat(image(name).entrypoint())
        .contains(
            "@/opt/weir/class-path",
            "-XX:+UseG1GC",
            "-XX:SharedArchiveFile="
                + archive.replaceFirst(".*-XX:ArchiveClassesAtExit=(\\S+).*", "$1"))
        .noneMatch(word -> word.endsWith("/*"));
  }

  /**
   * Without the locale's files a JVM takes arguments and file names as ASCII, whatever LANG says.
   */
  @Test
  void distrolessGetsTheLocaleThatItIsToldToUse() {
    ImageFile image = image("docker/Dockerfile");
    assertThat(image.bases()).last().asString().contains("distroless");
    assertThat(image.environment())
        .containsEntry("LANG", "C.UTF-8")
        .containsEntry("LC_ALL", "C.UTF-8");
    assertThat(text("docker/Dockerfile").lines())
        .anyMatch(line -> line.startsWith("COPY ") && line.endsWith(" /usr/lib/locale/C.utf8"));
  }

  /** What is not named does not go to the builder; what Maven asks for does. */
  @Test
  void theBuilderGetsTheSourcesAndNothingElse() {
    List<String> rules =
        text(".dockerignore")
            .lines()
            .filter(line -> !line.isBlank() && !line.startsWith("#"))
            .toList();
    assertThat(rules.get(0)).isEqualTo("*");
    assertThat(rules.get(rules.size() - 1)).as("never taken back below").doesNotStartWith("!");
    assertThat(rules).contains("**/target");
    List<String> named =
        rules.stream().filter(line -> line.startsWith("!")).map(line -> line.substring(1)).toList();
    assertThat(named)
        .contains("pom.xml", ".mvn")
        .allSatisfy(each -> assertThat(Repository.ROOT.resolve(each)).exists());
    String pom = text("pom.xml");
    Matcher module = MODULE.matcher(pom.substring(0, pom.indexOf("</modules>")));
    while (module.find()) {
      String wanted = module.group(1);
      assertThat(named)
          .as(wanted)
          .anyMatch(
              each ->
                  wanted.equals(each)
                      || wanted.startsWith(each + "/")
                      || each.equals(wanted + "/pom.xml"));
    }
  }

  private static ImageFile image(String name) {
    return ImageFile.read(path(name));
  }

  /** The instructions, each on one line. */
  private static Stream<String> joined(String name) {
    return text(name).replace("\\\n", " ").lines();
  }

  private static String text(String name) {
    return Repository.read(path(name));
  }

  private static Path path(String name) {
    return Repository.ROOT.resolve(name);
  }
}
