package dev.weir.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.fault.Digests;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;

/** The console of a Weir that asks for API keys. */
class KeysBrowserIT {

  @TempDir Path directory;

  @Test
  void aReaderMayLookAndIsAskedForAnotherKeyToLabel() throws Exception {
    Path keys = directory.resolve("keys");
    Files.writeString(
        keys,
        line("client", "classify", "ask")
            + line("reader", "classify,texts", "look")
            + line("teacher", "classify,texts,feedback", "teach"));
    try (Loop loop =
            new Loop(directory.resolve("loop"), Map.of("WEIR_HTTP_KEYS_FILE", keys.toString()));
        Browser browser = new Browser(directory.resolve("profile"))) {
      browser.driver().get(loop.url());
      give(browser, "ask");
      browser.awaitText(By.id("key-why"), text -> text.contains("may not do this"));
      give(browser, "look");
      browser.awaitText(By.id("connection"), "live"::equals);
      String id = UUID.randomUUID().toString();
      loop.send(id, "Prompt, polite and spotless.");
      browser.awaitText(Browser.card(id), text -> text.contains("spotless"));
      browser.click(Browser.label(id, "positive"));
      browser.awaitText(By.id("key-why"), text -> text.contains("may not do this"));
      give(browser, "teach");
      browser.awaitText(
          Browser.card(id), text -> text.contains("learned") || text.contains("exam"));
      assertThat(browser.script("return localStorage.length")).isEqualTo(0L);
    }
  }

  private static void give(Browser browser, String key) {
    await().atMost(Browser.SOON).until(() -> browser.find(By.id("key-dialog")).isDisplayed());
    browser.press(key, Keys.ENTER);
  }

  private static String line(String name, String scopes, String key) {
    return name + " " + scopes + " " + Digests.sha256(key.getBytes(StandardCharsets.UTF_8)) + "\n";
  }
}
