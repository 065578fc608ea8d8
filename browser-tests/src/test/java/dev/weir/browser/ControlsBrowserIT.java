package dev.weir.browser;

import static dev.weir.browser.Browser.card;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Limits;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.text.TokenLimit;
import dev.weir.contract.text.Truncation;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.store.artifact.FileArtifactStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;

/**
 * Who serves, said by clicking. The versions are heads that always give the same label, as a
 * trainer would publish them: what a click did shows in the answers.
 */
class ControlsBrowserIT {

  private static final List<String> LABELS = List.of("negative", "positive");
  private static final TokenLimit LIMIT = new TokenLimit(128, Truncation.HEAD_TAIL);

  @TempDir Path directory;

  @Test
  void aVersionIsPromotedAndRolledBackByClicks() throws Exception {
    try (Loop loop = new Loop(directory.resolve("loop"), Map.of());
        Browser browser = new Browser(directory.resolve("profile"))) {
      release(loop, 1, "negative");
      release(loop, 2, "positive");
      release(loop, 3, "positive");
      browser.open(loop.url());
      browser.view("adapters");
      awaitServing(browser, 3);

      browser.click(By.cssSelector("button[aria-label='Promote default@1']"));
      browser.awaitText(By.id("confirm-title"), "Make default@1 the champion?"::equals);
      browser.click(By.cssSelector("#confirm-dialog [value=cancel]"));
      assertThat(browser.all(serving(3))).hasSize(1);
      browser.click(By.cssSelector("button[aria-label='Promote default@1']"));
      browser.click(By.cssSelector("#confirm-dialog [value=ok]"));
      awaitServing(browser, 1);
      assertThat(answer(loop, browser)).contains("negative", "@1");

      // Not to the version numbered before, of which there is none: to what served.
      browser.view("adapters");
      browser.click(By.cssSelector("button[aria-label='Roll back default']"));
      browser.awaitText(By.id("confirm-title"), "Roll back from default@1?"::equals);
      browser.click(By.cssSelector("#confirm-dialog [value=ok]"));
      awaitServing(browser, 3);
      browser.awaitText(
          By.cssSelector(".adapter > header"),
          text -> text.contains("@3 pinned, rolled back from @1"));
      assertThat(answer(loop, browser)).contains("positive", "@3");

      browser.view("adapters");
      browser.click(By.cssSelector("button[aria-label='Unpin default']"));
      browser.click(By.cssSelector("#confirm-dialog [value=ok]"));
      browser.awaitText(By.cssSelector(".adapter > header"), text -> !text.contains(" pinned"));
      browser.assertNoErrors();
    }
  }

  private static By serving(int version) {
    return By.cssSelector("tr.serves[data-version='" + version + "']");
  }

  private static void awaitServing(Browser browser, int version) {
    browser.awaitText(serving(version), text -> text.contains("answers"));
  }

  /** The answer's line on the card of a review that is sent now. */
  private static String answer(Loop loop, Browser browser) {
    String id = UUID.randomUUID().toString();
    browser.view("live");
    browser.leave();
    loop.send(id, "What a lovely evening, every dish was wonderful.");
    browser.awaitText(card(id), text -> text.contains("lovely"));
    return browser.text(By.cssSelector("#live-list [data-review='" + id + "'] .meta"));
  }

  private static void release(Loop loop, int version, String label) throws IOException {
    AdapterId id = new AdapterId(Limits.DEFAULT_ADAPTER, version);
    BaseModel base = loop.local().base();
    String digest = publish(loop.local().dataDir().resolve("adapters"), base, id, label);
    Release release =
        new Release(
            id.adapter(),
            version,
            Release.State.PROMOTED,
            Method.HEAD_REFRESH,
            digest,
            base.name(),
            base.digest(),
            LABELS,
            "batch-" + version,
            new Decision("fewer-errors", "better", 100, .9, .9, .3, null, null, null, 0, 0, 1),
            10,
            1.5,
            Instant.now(),
            Instant.now(),
            Instant.now(),
            List.of("fp32"));
    try (EventProducer producer = new EventProducer(loop.local().kafka())) {
      String topic = loop.local().topics().adapters();
      producer.send(topic, text(AdapterRecord.key(release)), release);
      Champion champion = new Champion(id.adapter(), version, digest, Instant.now());
      producer.send(topic, text(AdapterRecord.key(champion)), champion);
      producer.flush();
    }
  }

  private static String publish(Path directory, BaseModel base, AdapterId id, String label)
      throws IOException {
    float[] bias = new float[LABELS.size()];
    bias[LABELS.indexOf(label)] = 3;
    AdapterWeights weights =
        AdapterWeights.headOnly(
            LABELS, new float[LABELS.size() * base.config().hiddenSize()], bias);
    FileArtifactStore store = new FileArtifactStore(directory);
    Path staged = store.stage();
    PeftFiles.write(staged, weights, base, LIMIT);
    TreeMap<String, Manifest.FileEntry> files = new TreeMap<>();
    try (Stream<Path> written = Files.list(staged)) {
      for (Path file : written.toList()) {
        files.put(
            file.getFileName().toString(),
            new Manifest.FileEntry(Digests.sha256(file), Files.size(file)));
      }
    }
    Manifest manifest =
        new Manifest(
            Manifest.FORMAT,
            id.adapter(),
            id.version(),
            Method.HEAD_REFRESH,
            base.name(),
            base.digest(),
            LABELS,
            LIMIT.maxTokens(),
            LIMIT.truncation(),
            1.0,
            files,
            new TreeMap<>(),
            List.of("fp32"),
            new Manifest.Lineage(
                null, null, null, List.of(), 10, 0, 5, Map.of(), List.of(), Map.of(), 1, "test"));
    Files.write(staged.resolve(Manifest.FILE), EventJson.write(manifest));
    return store.publish(id, staged);
  }

  private static String text(byte[] key) {
    return new String(key, StandardCharsets.UTF_8);
  }
}
