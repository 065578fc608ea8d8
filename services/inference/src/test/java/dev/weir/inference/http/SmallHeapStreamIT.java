package dev.weir.inference.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.testing.TestBroker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class SmallHeapStreamIT {

  private static final int SILENT = 96;
  private static final int RECORDS = 5_000;

  /** What waits for 96 listeners that do not read would be 1.2 GB; the heap has 256 MB. */
  @Test
  void listenersThatDoNotReadDoNotEndTheProcessNorTheOneThatReads() throws Exception {
    String topic = TestBroker.uniquePrefix() + "things";
    TestBroker.createTopics(1, topic);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", TestBroker.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      Future<RecordMetadata> last = null;
      for (int i = 0; i < RECORDS; i++) {
        byte[] value = ("%04d ".formatted(i) + "x".repeat(2_600)).getBytes(UTF_8);
        last = producer.send(new ProducerRecord<>(topic, value));
      }
      producer.flush();
      assertThat(last.get().offset()).isEqualTo(RECORDS - 1);
    }
    List<Socket> sockets = new ArrayList<>();
    try (SmallHeapServer server = SmallHeapServer.stream(TestBroker.bootstrapServers(), topic);
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                Map.of("bootstrap.servers", TestBroker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
      for (int i = 0; i < SILENT; i++) {
        sockets.add(listen(server.port, "silent-" + i % 4));
      }
      Socket reading = listen(server.port, "reads");
      sockets.add(reading);
      // Again and again: the first may come while those who do not read have all the memory.
      Thread writing =
          new Thread(
              () -> {
                while (!Thread.currentThread().isInterrupted()) {
                  try {
                    producer.send(new ProducerRecord<>(topic, "the end".getBytes(UTF_8))).get();
                  } catch (Exception e) {
                    return; // Interrupted: it was read.
                  }
                }
              });
      writing.start();
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(reading.getInputStream(), UTF_8));
      String line = lines.readLine();
      while (line != null && !line.equals("data: the end")) {
        line = lines.readLine();
      }
      writing.interrupt();
      writing.join();
      assertThat(line).isEqualTo("data: the end");
      assertThat(server.alive()).isTrue();
    } finally {
      for (Socket each : sockets) {
        each.close();
      }
    }
  }

  private static Socket listen(int port, String client) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setReceiveBufferSize(4 << 10);
    String request = "GET /?last=%d&client=%s HTTP/1.1\r\nHost: x\r\n\r\n";
    socket.getOutputStream().write(request.formatted(RECORDS, client).getBytes(US_ASCII));
    return socket;
  }
}
