package dev.weir.standalone.loop;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The product's own logback.xml, in both forms. */
class LogFormatTest {

  @Test
  void jsonHasIdsAsFieldsOfTheirOwn() throws Exception {
    JsonNode line = new ObjectMapper().readTree(written("json"));
    assertThat(line.path("message").asText()).isEqualTo("batch b-000001 closed");
    assertThat(line.path("level").asText()).isEqualTo("WARN");
    assertThat(line.path("logger_name").asText()).isEqualTo("dev.weir.Some");
    assertThat(line.path("batch").asText()).isEqualTo("b-000001");
    assertThat(line.path("trace_id").asText()).isEqualTo("0af7651916cd43dd8448eb211c80319c");
    assertThat(line.path("stack_trace").asText()).contains("IllegalStateException: broken");
    assertThat(line.has("@timestamp")).isTrue();
  }

  @Test
  void textIsForPeople() throws Exception {
    assertThat(written("text")).contains("WARN", "d.weir.Some", " - batch b-000001 closed");
  }

  private static String written(String format) throws Exception {
    LoggerContext context = new LoggerContext();
    try {
      context.putProperty("WEIR_LOG_FORMAT", format);
      JoranConfigurator configurator = new JoranConfigurator();
      configurator.setContext(context);
      configurator.doConfigure(LogFormatTest.class.getResource("/logback.xml"));
      Logger logger = context.getLogger("dev.weir.Some");
      LoggingEvent event =
          new LoggingEvent(
              LogFormatTest.class.getName(),
              logger,
              Level.WARN,
              "batch {} closed",
              new IllegalStateException("broken"),
              new Object[] {"b-000001"});
      event.setMDCPropertyMap(
          Map.of("batch", "b-000001", "trace_id", "0af7651916cd43dd8448eb211c80319c"));
      return encoded(context, format, event);
    } finally {
      context.stop();
    }
  }

  private static String encoded(LoggerContext context, String format, ILoggingEvent event)
      throws IOException {
    ConsoleAppender<ILoggingEvent> appender =
        (ConsoleAppender<ILoggingEvent>)
            context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(format);
    return new String(appender.getEncoder().encode(event), StandardCharsets.UTF_8);
  }
}
