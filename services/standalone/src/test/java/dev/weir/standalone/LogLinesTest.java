package dev.weir.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The text log of every service, as {@code logback.xml} writes it: whoever can write a record, a
 * header or a file name cannot write a line of it.
 */
class LogLinesTest {

  private static final String FORGED = "12:00:00.000 ERROR [main] d.w.Forged - all is lost";

  private LoggerContext context;

  @BeforeEach
  void configure() throws Exception {
    context = new LoggerContext();
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(getClass().getResource("/logback.xml"));
  }

  @AfterEach
  void stop() {
    context.stop();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\n",
        "\r",
        "\r\n",
        "\u000b",
        "\f",
        "\u0085",
        "\u2028",
        "\u2029",
        "\u0000",
        "\u001b[2K\u001b[1G",
        "\b\b\b",
        "\u007f",
        "\u009b2K",
        "\u202e",
        "\u2066"
      })
  void whatAMessageQuotesStaysOnItsLine(String trick) {
    String line = written("under the key {} something is wrong", "a" + trick + FORGED, null);
    assertThat(line).endsWith(System.lineSeparator());
    assertOneLine(line.stripTrailing());
    assertThat(line).contains("under the key a\\u").contains(FORGED);
  }

  @Test
  void lettersOfAllLanguagesAreShown() {
    assertThat(written("{}", "Größe 評価 😀", null)).contains("Größe 評価 😀");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n", "\r", "\u2028", "\u0085", "\u001b[2K", "\n\n"})
  void noLineOfATraceCanBeTakenForALogLine(String trick) {
    Exception cause = new IllegalStateException("cause" + trick + FORGED);
    Exception thrown = new IllegalArgumentException("key" + trick + FORGED, cause);
    thrown.addSuppressed(new IllegalStateException("suppressed" + trick + FORGED));
    String text = written("{} failed", "it", thrown);
    String[] lines = text.split("\n");
    assertOneLine(lines[0]);
    assertThat(text).contains("IllegalArgumentException", "Caused by", "Suppressed", "at dev.weir");
    for (int i = 1; i < lines.length; i++) {
      assertThat(lines[i]).startsWith("\t");
      assertOneLine(lines[i].substring(1));
    }
  }

  private static void assertOneLine(String line) {
    assertThat(line.codePoints().filter(LogLinesTest::ends).boxed()).as(line).isEmpty();
  }

  /** What ends or rewrites a line on some terminal or in some reader of logs. */
  private static boolean ends(int codePoint) {
    int type = Character.getType(codePoint);
    return type == Character.CONTROL
        || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR
        || codePoint == 0x202e
        || codePoint == 0x2066;
  }

  private String written(String message, Object argument, @Nullable Throwable thrown) {
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    ConsoleAppender<ILoggingEvent> text = (ConsoleAppender<ILoggingEvent>) root.getAppender("text");
    LoggingEvent event =
        new LoggingEvent(
            "fqcn",
            context.getLogger("dev.weir"),
            Level.WARN,
            message,
            thrown,
            new Object[] {argument});
    return new String(text.getEncoder().encode(event), UTF_8);
  }
}
