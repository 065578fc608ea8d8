package dev.weir.standalone.supply;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** SECURITY.md says which test shows what: those tests have to be there. */
class ThreatTableTest {

  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
  private static final Pattern NAMED = Pattern.compile("`([A-Z]\\w+(?:Test|IT))`");

  @Test
  void everyTestThatIsNamedExists() throws IOException {
    Set<String> named =
        NAMED
            .matcher(Files.readString(ROOT.resolve("SECURITY.md")))
            .results()
            .map(each -> each.group(1) + ".java")
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(named).hasSizeGreaterThan(10);
    try (Stream<Path> files = Files.walk(ROOT)) {
      Set<String> there =
          files
              .filter(each -> each.toString().contains("src/test/java"))
              .map(each -> each.getFileName().toString())
              .collect(Collectors.toSet());
      assertThat(there).containsAll(named);
    }
  }
}
