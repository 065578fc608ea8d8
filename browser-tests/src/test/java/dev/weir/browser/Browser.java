package dev.weir.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebDriverException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/**
 * A headless Chromium that shows the console. It and its driver are the system's; nothing is
 * fetched. Waits for conditions, for a minute and more: the machine may be busy.
 */
final class Browser implements AutoCloseable {

  static final Duration SOON = Duration.ofSeconds(90);

  /** It warns of each browser that is newer than itself; the commands used here are old ones. */
  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

  private final ChromeDriver driver;

  /** What a page is shown on. */
  enum Screen {
    DESKTOP(1280, 900),
    PHONE(390, 844);

    final int width;
    final int height;

    Screen(int width, int height) {
      this.width = width;
      this.height = height;
    }
  }

  Browser(Path profile) {
    SELENIUM.setLevel(Level.SEVERE);
    ChromeOptions options = new ChromeOptions();
    options.setBinary(found("chromium").toString());
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--lang=en-GB",
        "--user-data-dir=" + profile);
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(found("chromedriver").toFile())
            .usingAnyFreePort()
            .withSilent(true)
            .build();
    driver = new ChromeDriver(service, options);
    screen(Screen.DESKTOP, false);
  }

  /** A command of the system. */
  private static Path found(String name) {
    for (String directory : System.getenv("PATH").split(File.pathSeparator, -1)) {
      Path candidate = Path.of(directory, name);
      if (Files.isExecutable(candidate)) {
        return candidate;
      }
    }
    throw new IllegalStateException(
        "no "
            + name
            + " on the PATH; install Debian's packages chromium and chromium-driver, or run"
            + " make test-console, which does so as root");
  }

  ChromeDriver driver() {
    return driver;
  }

  /** Sets size and colours; a phone has touch as well. */
  void screen(Screen screen, boolean dark) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of(
            "width",
            screen.width,
            "height",
            screen.height,
            "deviceScaleFactor",
            1,
            "mobile",
            screen == Screen.PHONE));
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
  }

  /** Opens the console and waits until its stream is open. */
  void open(String url) {
    driver.get(url);
    awaitText(By.id("connection"), "live"::equals);
  }

  /** Shows a view. */
  void view(String name) {
    click(By.cssSelector("#tabs a[href='#/" + name + "']"));
    await().atMost(SOON).until(() -> find(By.id("view-" + name)).isDisplayed());
  }

  WebElement find(By by) {
    return driver.findElement(by);
  }

  List<WebElement> all(By by) {
    return driver.findElements(by);
  }

  String text(By by) {
    return find(by).getText();
  }

  /** Waits until an element has a text that fits. */
  String awaitText(By by, Predicate<String> fits) {
    return awaitText(by, fits, SOON);
  }

  String awaitText(By by, Predicate<String> fits, Duration atMost) {
    return await()
        .atMost(atMost)
        .ignoreExceptionsInstanceOf(WebDriverException.class)
        .until(() -> text(by), fits);
  }

  /** Clicks what is there and stays there. */
  void click(By by) {
    await()
        .atMost(SOON)
        .ignoreExceptions()
        .until(
            () -> {
              WebElement element = find(by);
              // As a person scrolls: not to the edge, where the header covers it.
              driver.executeScript("arguments[0].scrollIntoView({block: 'center'})", element);
              element.click();
              return true;
            });
  }

  void press(CharSequence... keys) {
    new Actions(driver).sendKeys(keys).perform();
  }

  /** Presses Enter while Control is down. */
  void pressControlEnter() {
    new Actions(driver).keyDown(Keys.CONTROL).sendKeys(Keys.ENTER).keyUp(Keys.CONTROL).perform();
  }

  /** Leaves the list, so that what is new comes in. */
  void leave() {
    press(Keys.ESCAPE);
    new Actions(driver).moveToLocation(2, 2).perform();
  }

  /** The card of a review. */
  static By card(String review) {
    return By.cssSelector("#live-list [data-review='" + review + "']");
  }

  /** A label's button on the card of a review. */
  static By label(String review, String label) {
    return By.cssSelector(
        "#live-list [data-review='" + review + "'] button[data-label='" + label + "']");
  }

  /** Runs a script in the page; what it returns is a string, a number, a boolean or null. */
  @Nullable Object script(String code) {
    return driver.executeScript(code);
  }

  /** Runs the body of an asynchronous function in the page, which may import the page's modules. */
  @Nullable Object module(String code) {
    return driver.executeAsyncScript(
        "const done = arguments[arguments.length - 1]; (async () => {"
            + code
            + "})().then(done, (e) => done('failed: ' + e));");
  }

  /** Takes the errors of the browser's log as expected ones. */
  void forgetErrors() {
    assertThat(driver.manage().logs().get(LogType.BROWSER).getAll())
        .filteredOn(entry -> entry.getLevel().intValue() >= Level.SEVERE.intValue())
        .allMatch(entry -> entry.getMessage().contains("401"));
  }

  /** The page broke no rule of its policy and threw nothing. */
  void assertNoErrors() {
    assertThat(driver.manage().logs().get(LogType.BROWSER).getAll())
        .filteredOn(entry -> entry.getLevel().intValue() >= Level.SEVERE.intValue())
        .isEmpty();
  }

  void screenshot(Path file) throws IOException {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
  }

  @Override
  public void close() {
    driver.quit();
  }
}
