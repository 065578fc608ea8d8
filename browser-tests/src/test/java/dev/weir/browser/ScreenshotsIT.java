package dev.weir.browser;

import static dev.weir.browser.Browser.label;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.browser.Browser.Screen;
import dev.weir.browser.Loop.Sample;
import dev.weir.standalone.loop.Pace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;

/**
 * The pictures of the console in {@code docs/images}: {@code make screenshots}. The loop is real,
 * and so is every figure on them; the texts are the repository's own sample.
 */
class ScreenshotsIT {

  private static final Path IMAGES = Path.of("..", "docs", "images");
  private static final Duration TRAINED = Duration.ofMinutes(10);
  private static final double REVIEWS_PER_SECOND = 5;
  private static final long MOST_BYTES = 300_000;

  @TempDir Path directory;

  @Test
  void theConsoleIsPictured() throws Exception {
    Map<String, String> settings =
        Map.of(
            "WEIR_TRAIN_LAYERS", "4",
            "WEIR_TRAIN_EPOCHS", "3",
            "WEIR_TRAIN_PASS_OVER", "0",
            "WEIR_SERVE_LABEL_REQUEST_MARGIN", "0.6");
    try (Loop loop = new Loop(directory.resolve("loop"), settings);
        Browser browser = new Browser(directory.resolve("profile"))) {
      browser.open(loop.url());
      int sent = 0;
      // Three batches of labels, each decided twice before the next.
      for (int batch = 1; batch <= 3; batch++) {
        teach(loop, browser, sent, sent + Loop.BATCH);
        sent += Loop.BATCH;
        int decisions = 2 * batch;
        browser.view("adapters");
        await().atMost(TRAINED).until(() -> decided(browser) >= decisions);
        browser.view("live");
      }
      stream(loop, browser, sent, sent + 60);
      picture(browser);
    }
    for (String name : List.of("live", "adapters", "training", "trends", "phone")) {
      assertThat(Files.size(IMAGES.resolve("console-" + name + ".png"))).isLessThan(MOST_BYTES);
    }
  }

  private static int decided(Browser browser) {
    return browser.all(By.cssSelector("tr[data-version]")).size();
  }

  private static void teach(Loop loop, Browser browser, int from, int to) {
    List<Sample> samples = loop.samples(from, to);
    stream(loop, browser, from, to);
    for (Sample sample : samples) {
      browser.click(label("s-" + sample.id(), sample.label()));
    }
    browser.leave();
  }

  private static void stream(Loop loop, Browser browser, int from, int to) {
    browser.leave();
    List<Sample> samples = loop.samples(from, to);
    Pace pace = new Pace(REVIEWS_PER_SECOND);
    for (Sample sample : samples) {
      pace.await();
      loop.send("s-" + sample.id(), sample.text());
    }
    Sample last = samples.get(samples.size() - 1);
    browser.awaitText(Browser.card("s-" + last.id()), text -> !text.isBlank());
  }

  private static void picture(Browser browser) throws IOException {
    browser
        .find(By.id("try-text"))
        .sendKeys("The soup was cold, but the waiter saved the evening.");
    browser.click(By.cssSelector("#try-form button"));
    browser.awaitText(By.id("try-result"), text -> text.contains("Shades"));
    browser.leave();
    top(browser);
    browser.screenshot(IMAGES.resolve("console-live.png"));
    for (String view : List.of("adapters", "training", "trends")) {
      browser.view(view);
      browser.screen(Screen.DESKTOP, view.equals("trends"));
      browser.awaitText(By.id("view-" + view), text -> text.contains("@") || text.contains("nats"));
      browser.screenshot(IMAGES.resolve("console-" + view + ".png"));
    }
    browser.screen(Screen.PHONE, true);
    browser.view("queue");
    browser.screenshot(IMAGES.resolve("console-phone.png"));
  }

  private static void top(Browser browser) {
    browser.script("scrollTo(0, 0); return null;");
  }
}
