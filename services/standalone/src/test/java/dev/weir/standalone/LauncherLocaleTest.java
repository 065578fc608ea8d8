package dev.weir.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher starts a JVM that reads and writes UTF-8 where no locale is set: cron, systemd. */
class LauncherLocaleTest {

  private static final String TEXT = "café 漢字 👍";

  @TempDir Path home;

  /** A home that is built, with a program that says what reached it, and how. */
  @BeforeEach
  void build() throws Exception {
    for (String each :
        List.of(
            "common",
            "broker",
            "testing",
            "services/standalone/target/weir/lib/dev/weir/standalone")) {
      Files.createDirectories(home.resolve(each));
    }
    Files.createFile(home.resolve("pom.xml"));
    Files.createFile(home.resolve("testing/pom.xml"));
    Files.copy(Path.of("../../weir"), home.resolve("weir"), StandardCopyOption.COPY_ATTRIBUTES);
    Path lib = home.resolve("services/standalone/target/weir/lib");
    Path source = home.resolve("WeirMain.java");
    Files.writeString(
        source,
        """
        package dev.weir.standalone;
        public class WeirMain {
          public static void main(String[] given) throws Exception {
            System.out.println(given[0]);
            System.out.println(given[0].codePoints().sum());
            System.out.println(new String(System.in.readAllBytes()));
            java.nio.file.Files.createFile(java.nio.file.Path.of(given[1], given[0]));
            System.err.println(given[0]);
          }
        }
        """);
    run(List.of(tool("javac"), "-d", home.resolve("classes").toString(), source.toString()), "");
    run(
        List.of(
            tool("jar"),
            "--create",
            "--file",
            lib.resolve("weir.jar").toString(),
            "-C",
            home.resolve("classes").toString(),
            "."),
        "");
    Files.createFile(home.resolve("services/standalone/target/weir/built"));
  }

  @Test
  void textSurvivesWithoutALocale() throws Exception {
    for (List<String> locale :
        List.of(
            List.<String>of(),
            List.of("LANG=C"),
            List.of("LC_ALL=POSIX"),
            List.of("LANG=C.UTF-8"))) {
      Path files = Files.createTempDirectory(home, "files");
      List<String> command = new ArrayList<>(List.of("env", "-i", "PATH=/usr/bin:/bin"));
      command.addAll(locale);
      command.add("JAVA_HOME=" + System.getProperty("java.home"));
      command.addAll(List.of("bash", home.resolve("weir").toString(), TEXT, files.toString()));
      String said = run(command, TEXT);
      assertThat(said.lines())
          .as("%s", locale)
          .containsExactlyInAnyOrder(TEXT, Integer.toString(TEXT.codePoints().sum()), TEXT, TEXT);
      assertThat(run(List.of("ls", files.toString()), "").strip()).as("%s", locale).isEqualTo(TEXT);
    }
  }

  private static String tool(String name) {
    return Path.of(System.getProperty("java.home"), "bin", name).toString();
  }

  private static String run(List<String> command, String input)
      throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (var in = process.getOutputStream()) {
      in.write(input.getBytes(UTF_8));
    }
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }
}
