package dev.weir.inference.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiKeysTest {

  @TempDir Path directory;

  @Test
  void aKeyIsFoundByItselfAndByNothingElse() throws Exception {
    String key = ApiKey.random(new SecureRandom());
    ApiKey known = ApiKey.of("console", Set.of(Scope.CLASSIFY, Scope.FEEDBACK), key);
    ApiKeys keys =
        ApiKeys.read(
            write(
                "# who may ask",
                "",
                ApiKey.of("other", Set.of(Scope.ADMIN), ApiKey.random(new SecureRandom())).line(),
                "  " + known.line() + "  # the console on the second floor"));

    assertThat(keys.size()).isEqualTo(2);
    assertThat(keys.match(key)).hasValue(known);
    assertThat(keys.match(key + " ")).isEmpty();
    assertThat(keys.match("")).isEmpty();
    assertThat(keys.match(known.sha256())).isEmpty();
    assertThat(known.line()).doesNotContain(key).startsWith("console classify,feedback ");
    assertThat(key).startsWith("weir_").hasSize(48);
  }

  @Test
  void adminIncludesTheOthersAndNothingElseDoes() {
    ApiKey admin = ApiKey.of("a", Set.of(Scope.ADMIN), "k");
    ApiKey feedback = ApiKey.of("f", Set.of(Scope.FEEDBACK), "k");
    assertThat(Set.of(Scope.values())).allMatch(admin::allows);
    assertThat(Set.of(Scope.CLASSIFY, Scope.ADMIN)).noneMatch(feedback::allows);
  }

  @Test
  void everyBadLineIsListedAndNoDigestRepeated() throws Exception {
    String good = ApiKey.of("good", Set.of(Scope.ADMIN), "k").line();
    String digest = good.split(" ")[2];
    Path file =
        write(
            good,
            good,
            "one two",
            "typo clasify " + digest,
            "short admin abcdef",
            "no/name admin " + digest);
    assertThatThrownBy(() -> ApiKeys.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(
            file.toString(),
            "line 2: 'good' has a line already",
            "line 3: has 2 words",
            "line 4: 'clasify' is no scope; there are classify, texts, feedback, admin",
            "line 5: key 'short' has no SHA-256",
            "line 6: 'no/name' is no name")
        .hasMessageNotContainingAny(digest, "abcdef");
    assertThatThrownBy(() -> ApiKeys.read(write("# nobody yet"))).hasMessageContaining("no key");
    assertThatThrownBy(() -> ApiKeys.read(directory.resolve("none")))
        .hasMessageContaining("cannot be read");
  }

  @Test
  void aRingKeepsItsKeysWhenTheFileIsBrokenAndDropsThoseThatAreGone() throws Exception {
    Path file = write(ApiKey.of("first", Set.of(Scope.ADMIN), "first-key").line());
    KeyRing ring = new KeyRing(file);

    Files.writeString(file, "half a li");
    assertThat(ring.refresh()).isFalse();
    assertThat(ring.keys().match("first-key")).isPresent();

    Files.writeString(file, ApiKey.of("second", Set.of(Scope.ADMIN), "second-key").line());
    assertThat(ring.refresh()).isTrue();
    assertThat(ring.keys().match("first-key")).isEmpty();
    assertThat(ring.keys().match("second-key")).isPresent();
  }

  private Path write(String... lines) throws Exception {
    return Files.write(directory.resolve("keys"), List.of(lines));
  }
}
