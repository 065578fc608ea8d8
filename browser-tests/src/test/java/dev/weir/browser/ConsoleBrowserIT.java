package dev.weir.browser;

import static dev.weir.browser.Browser.card;
import static dev.weir.browser.Browser.label;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.deque.html.axecore.results.Results;
import com.deque.html.axecore.selenium.AxeBuilder;
import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.browser.Browser.Screen;
import dev.weir.browser.Loop.Sample;
import dev.weir.contract.event.EventJson;
import dev.weir.standalone.loop.TopicReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;

/** What a person does with the console, in a real browser on the whole loop with real weights. */
class ConsoleBrowserIT {

  /** A training on a busy machine. */
  private static final Duration TRAINED = Duration.ofMinutes(5);

  private static final int BATCHES = 3;

  private static final String SENTENCE = "What a lovely evening, every dish was wonderful.";

  @TempDir static Path directory;
  private static Loop loop;
  private static Browser browser;

  @BeforeAll
  static void start() throws Exception {
    loop = new Loop(directory.resolve("loop"), Map.of());
    browser = new Browser(directory.resolve("profile"));
  }

  @AfterAll
  static void stop() {
    browser.close();
    loop.close();
  }

  @BeforeEach
  void open() {
    browser.screen(Screen.DESKTOP, false);
    browser.driver().get("about:blank");
    browser.open(loop.url());
  }

  @AfterEach
  void nothingWentWrong() {
    browser.assertNoErrors();
  }

  @Test
  void thirtyCorrectionsByClickMakeAnAdapterThatAnswers() {
    String before = answer(UUID.randomUUID().toString(), SENTENCE);
    int served = versionIn(before);
    // One batch is enough as a rule; whether so few held-out rows tell a better head apart is the
    // gate's business.
    for (int batch = 0; batch < BATCHES && serving() <= served; batch++) {
      correct(loop.samples(batch * Loop.BATCH, (batch + 1) * Loop.BATCH));
      int decided = 2 * (batch + 1);
      await().atMost(TRAINED).until(() -> serving() > served || decisions() >= decided);
    }
    browser.awaitText(By.id("loop-answers"), now -> versionIn(now) > served);
    String fresh = UUID.randomUUID().toString();
    String after = answer(fresh, SENTENCE);
    assertThat(after).contains("positive").isNotEqualTo(before);
    assertThat(versionIn(after)).isGreaterThan(served);
    browser.click(label(fresh, "positive"));
    browser.awaitText(card(fresh), text -> text.contains("learned") || text.contains("exam"));

    browser.view("adapters");
    String row = browser.awaitText(By.cssSelector("tr.serves"), text -> text.contains("answers"));
    assertThat(row).contains("promoted");
    browser.click(By.cssSelector("tr.serves button[aria-label^='Details']"));
    browser.awaitText(By.id("detail-body"), text -> text.contains("learned from"));
    assertThat(browser.text(By.id("detail-body"))).contains("Holdout", "log loss", "batch");
    assertAccessible();
    browser.click(By.cssSelector("#detail-dialog [value=cancel]"));

    pinAndUnpin();
    labelFromTheQueue();
    browser.view("training");
    browser.awaitText(By.id("training-list"), text -> text.contains("promoted"));
    browser.view("trends");
    browser.awaitText(By.id("charts"), text -> text.contains("labeled answers were right"));
  }

  private static void pinAndUnpin() {
    browser.click(By.cssSelector(".adapter > header button[aria-label^='Pin ']"));
    browser.awaitText(By.id("confirm-title"), text -> text.startsWith("Pin default@"));
    browser.click(By.cssSelector("#confirm-dialog [value=cancel]"));
    browser.click(By.cssSelector(".adapter > header button[aria-label^='Pin ']"));
    browser.click(By.cssSelector("#confirm-dialog [value=ok]"));
    browser.awaitText(By.cssSelector(".adapter > header"), text -> text.contains(" pinned"));
    browser.click(By.cssSelector(".adapter > header button[aria-label^='Unpin ']"));
    browser.click(By.cssSelector("#confirm-dialog [value=ok]"));
    browser.awaitText(By.cssSelector(".adapter > header"), text -> !text.contains(" pinned"));
  }

  private static void labelFromTheQueue() {
    String id = "queued-" + UUID.randomUUID();
    loop.send(id, "The lamp came without a bulb and the shade was torn.");
    browser.view("queue");
    By place = By.cssSelector("#queue-list [data-review='" + id + "']");
    browser.awaitText(place, text -> text.contains("The lamp"));
    browser.click(
        By.cssSelector("#queue-list [data-review='" + id + "'] button[data-label='negative']"));
    browser.awaitText(place, text -> text.contains("learned") || text.contains("exam"));
    browser.leave();
    await().atMost(Browser.SOON).until(() -> browser.all(place).isEmpty());
  }

  private static void correct(List<Sample> samples) {
    browser.leave();
    for (Sample sample : samples) {
      loop.send("click-" + sample.id(), sample.text());
    }
    await()
        .atMost(Browser.SOON)
        .until(() -> samples.stream().allMatch(each -> shown("click-" + each.id())));
    for (Sample sample : samples) {
      browser.click(label("click-" + sample.id(), sample.label()));
    }
    for (Sample sample : samples) {
      browser.awaitText(
          card("click-" + sample.id()), text -> text.contains("learned") || text.contains("exam"));
    }
    browser.leave();
  }

  private static int serving() {
    return number("adapter.serving ? adapter.serving.version : 0");
  }

  private static int decisions() {
    return number("adapter.versions.length");
  }

  private static int number(String ofAdapter) {
    Object value =
        browser.module(
            "const adapter = (await (await fetch('v1/adapters')).json()).adapters[0]; return "
                + ofAdapter
                + ";");
    return ((Number) value).intValue();
  }

  private static boolean shown(String review) {
    return !browser.all(card(review)).isEmpty();
  }

  /** The answer's line on the card of a review that is sent now, such as {@code positive … @1}. */
  private static String answer(String id, String text) {
    show(id, text);
    return browser.text(By.cssSelector("#live-list [data-review='" + id + "'] .meta"));
  }

  private static void show(String id, String text) {
    browser.leave();
    loop.send(id, text);
    browser.awaitText(card(id), shown -> shown.contains(text.substring(0, 10)));
  }

  private static int versionIn(String text) {
    var found = java.util.regex.Pattern.compile("@(\\d+)").matcher(text);
    return found.find() ? Integer.parseInt(found.group(1)) : 0;
  }

  @Test
  void theKeyboardAloneLabelsAReview() throws Exception {
    String id = "keys-" + UUID.randomUUID();
    try (TopicReader feedback =
        TopicReader.open(loop.local().kafka(), List.of(loop.local().topics().feedback()), false)) {
      show(id, "Bland noodles, sticky tables and a bill that was wrong twice.");
      browser.press("j");
      await()
          .atMost(Browser.SOON)
          .until(() -> id.equals(browser.script("return document.activeElement.dataset.review")));
      browser.press("1");
      JsonNode given = firstOf(feedback, id);
      assertThat(given.has("label") ? given.get("label").asText() : "negative")
          .isEqualTo("negative");
      assertThat(given.get("source").asText()).isEqualTo("console");
    }
    browser.press("?");
    await().atMost(Browser.SOON).until(() -> browser.find(By.id("help-dialog")).isDisplayed());
    browser.press(Keys.ESCAPE);
    browser.press("/");
    browser.press("Nothing worked and nobody cared.");
    browser.pressControlEnter();
    browser.awaitText(By.id("try-result"), text -> text.contains("Right is"));
  }

  private static JsonNode firstOf(TopicReader reader, String reviewId) {
    return await()
        .atMost(Browser.SOON)
        .until(
            () ->
                reader.poll(Duration.ofMillis(200)).stream()
                    .map(record -> EventJson.read(record.value(), JsonNode.class))
                    .filter(event -> reviewId.equals(event.path("reviewId").asText()))
                    .findFirst()
                    .orElse(null),
            found -> found != null);
  }

  @Test
  void markupInATextStaysText() {
    String hostile =
        "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
            + "<b>bold</b> & \u202Ertl";
    String id = "hostile-" + UUID.randomUUID();
    show(id, hostile);
    assertThat(browser.text(card(id))).contains("<img src=x onerror=", "<script>", "<b>bold</b>");
    assertThat(browser.all(By.cssSelector("#live-list img, #live-list script, #live-list b")))
        .isEmpty();
    browser.view("queue");
    browser.awaitText(By.id("queue-list"), text -> text.contains("<img src=x") || text.isEmpty());
    browser.view("live");
    browser.find(By.id("try-text")).sendKeys(hostile);
    browser.click(By.cssSelector("#try-form button"));
    browser.awaitText(By.id("try-result"), text -> text.contains("Right is"));
    assertThat(browser.all(By.cssSelector("#try-result img, #try-result script"))).isEmpty();
    assertThat(browser.driver().getTitle()).isEqualTo("Weir console");
  }

  @ParameterizedTest
  @CsvSource({"DESKTOP,false", "DESKTOP,true", "PHONE,false", "PHONE,true"})
  void everyViewIsAccessible(Screen screen, boolean dark) {
    show("seen-" + UUID.randomUUID(), "A fine, warm place with friendly people.");
    browser.leave();
    browser.screen(screen, dark);
    for (String view : List.of("live", "queue", "adapters", "training", "trends")) {
      browser.view(view);
      assertAccessible();
      assertThat((Long) browser.script("return document.documentElement.scrollWidth"))
          .as("width of %s", view)
          .isLessThanOrEqualTo(screen.width);
    }
  }

  private static void assertAccessible() {
    Results found = new AxeBuilder().analyze(browser.driver());
    assertThat(found.getViolations())
        .as(
            "%s",
            found.getViolations().stream()
                .map(rule -> rule.getId() + " " + rule.getNodes().get(0).getHtml())
                .toList())
        .isEmpty();
  }

  @Test
  void asksForAKeyOnceAndKeepsItInTheTab() throws Exception {
    try (GuardedProxy guarded = new GuardedProxy(loop.url(), "right")) {
      browser.driver().get(guarded.url());
      awaitKeyDialog(true);
      assertAccessible();
      browser.click(By.cssSelector("#key-form [value=cancel]"));
      browser.click(By.cssSelector("#connection button"));
      awaitKeyDialog(true);
      browser.press("wrong", Keys.ENTER);
      browser.awaitText(By.id("key-why"), text -> text.contains("does not accept"));
      awaitKeyDialog(true);
      browser.press("right", Keys.ENTER);
      browser.awaitText(By.id("connection"), "live"::equals);
      awaitKeyDialog(false);
      String id = "guarded-" + UUID.randomUUID();
      show(id, "Prompt, polite and spotless.");
      browser.click(label(id, "positive"));
      browser.awaitText(card(id), text -> text.contains("learned") || text.contains("exam"));
      assertThat(browser.script("return Object.keys(localStorage).length + document.cookie"))
          .isEqualTo("0");
      browser.driver().navigate().refresh();
      browser.awaitText(By.id("connection"), "live"::equals);
      browser.driver().get("about:blank");
    }
    // A request that is refused is an entry in the browser's log.
    browser.forgetErrors();
  }

  private static void awaitKeyDialog(boolean open) {
    await()
        .atMost(Browser.SOON)
        .until(() -> browser.find(By.id("key-dialog")).isDisplayed() == open);
  }

  /** Pico's own pictures are against the page's policy: it asked for one until our rules came. */
  @ParameterizedTest
  @ValueSource(strings = {"/console/console.css", "/console/uplot.css"})
  void thePageKeepsItsPolicyWhicheverStyleSheetComesLast(String late) throws Exception {
    browser.driver().get("about:blank");
    browser.driver().executeCdpCommand("Network.clearBrowserCache", Map.of());
    try (LateStyleProxy proxy = new LateStyleProxy(loop.url(), late)) {
      browser.open(proxy.url());
      assertThat(
              browser.script(
                  "return getComputedStyle(document.querySelector('select')).backgroundImage"))
          .asString()
          .contains("chevron.svg");
      browser.assertNoErrors();
      browser.driver().get("about:blank");
    }
  }

  @Test
  void driftIsThePopulationStabilityIndex() {
    // (0.7 - 0.5) ln(0.7 / 0.5) + (0.3 - 0.5) ln(0.3 / 0.5)
    double index =
        ((Number)
                browser.module(
                    "const m = await import('/console/drift.js');"
                        + "return m.stabilityIndex({a: 50, b: 50}, {a: 70, b: 30});"))
            .doubleValue();
    assertThat(index).isCloseTo(0.1695, within(1e-4));
  }

  @Test
  void chanceIsNoDriftAndAShiftIs() {
    String answers =
        "const m = await import('/console/drift.js');const rows = (n, share, sure) =>"
            + " Array.from({length: n}, (_, i) => ({label: i % 10 < share ? 'a' : 'b', confidence:"
            + " sure + 0.04 * (i % 5)}));";
    assertThat(browser.module(answers + "return m.drift(rows(199, 5, 0.7)).enough;"))
        .isEqualTo(false);
    assertThat(
            browser.module(
                answers
                    + "return m.verdict(m.drift(rows(200, 5, 0.7)).labels) + ' ' +"
                    + " m.verdict(m.drift(rows(200, 5, 0.7)).confidence);"))
        .isEqualTo("steady steady");
    assertThat(
            browser.module(
                answers
                    + "const d = m.drift([...rows(150, 5, 0.5), ...rows(150, 9, 0.8)]);"
                    + "return m.verdict(d.labels) + ' ' + m.verdict(d.confidence);"))
        .isEqualTo("shifted shifted");
  }

  @Test
  void firstAdapterIsCountedTowards() {
    String version = "{state: '%s', trainingExamples: 14, decision: {holdoutRows: 4}}";
    assertThat(
            browser.module(
                "const m = await import('/console/progress.js'); return [m.collected(3, []),"
                    + " m.collected(3, ["
                    + version.formatted("retained")
                    + "]), m.collected(3, ["
                    + version.formatted("promoted")
                    + "])].join('|');"))
        .isEqualTo("3 of about 50|21 of about 50|3 new");
  }

  @Test
  void eventsAreReadAsTheStandardSays() {
    Object read =
        browser.module(
            "const m = await import('/console/sse.js'); const got = []; const ids = [];const p ="
                + " new m.Parser((n, d) => got.push(n + JSON.stringify(d)), (i) =>"
                + " ids.push(i));p.take(': comment\\n"
                + "id: 7\\n"
                + "event: a\\n"
                + "da'); p.take('ta: {\"x\":\\n"
                + "data: 1}\\r"
                + "\\n"
                + "\\n"
                + "');p.take('data: no json\\n"
                + "\\n"
                + "data:[2]\\n"
                + "\\n"
                + "'); return got.join('|') + ' ' + ids.join();");
    assertThat(read).isEqualTo("a{\"x\":1}|message[2] 7");
  }
}
