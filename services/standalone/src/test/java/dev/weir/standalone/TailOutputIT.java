package dev.weir.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.EmbeddedBroker;
import dev.weir.service.config.Settings;
import dev.weir.service.process.CommonSettings;
import dev.weir.service.process.ServiceProcess;
import dev.weir.standalone.loop.EventProducer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code weir tail … | head -1}: whoever reads the output goes first. */
class TailOutputIT {

  @TempDir Path directory;

  @Test
  void tailEndsWhenNobodyReadsItsOutputAnyMore() {
    EmbeddedBroker broker = new EmbeddedBroker(new EmbeddedBroker.Settings(directory, 0, Map.of()));
    try (broker) {
      broker.start();
      Map<String, String> environment =
          Map.of("WEIR_BOOTSTRAP_SERVERS", broker.bootstrapServers(), "WEIR_REPLICATION", "1");
      Settings settings = Settings.read(CommonSettings.all(), environment);
      ServiceProcess.provision(settings);
      try (EventProducer producer = new EventProducer(CommonSettings.kafka(settings))) {
        for (int i = 0; i < 20; i++) {
          producer.send("reviews", "r" + i, Map.of("id", "r" + i, "text", "fine"));
        }
        producer.flush();
      }
      OneLine head = new OneLine();
      CommandLine line = WeirMain.commandLine(environment);
      line.setOut(new PrintWriter(head, true));
      Assertions.assertTimeoutPreemptively(
          Duration.ofSeconds(60),
          () -> assertThat(WeirMain.run(line, "tail", "reviews", "--from-beginning")).isZero());
      assertThat(head.taken.toString().strip().lines()).hasSize(1);
    }
  }

  /** Takes one line and is gone, as {@code head -1} is. */
  private static final class OneLine extends Writer {
    private final StringWriter taken = new StringWriter();

    @Override
    public void write(char[] characters, int from, int count) throws IOException {
      if (taken.toString().contains("\n")) {
        throw new IOException("Broken pipe");
      }
      taken.write(characters, from, count);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
