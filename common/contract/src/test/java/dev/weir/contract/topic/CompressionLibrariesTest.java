package dev.weir.contract.topic;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Batches in each of Kafka's compressions, through Kafka's own code and the libraries of this
 * build: they are newer than those that Kafka was built with.
 */
class CompressionLibrariesTest {

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "snappy", "lz4", "zstd"})
  void whatWasWrittenIsReadAgain(String compression) {
    Random random = new Random(5);
    List<byte[]> written = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      byte[] value = new byte[random.nextInt(4_000)];
      if (i % 2 == 0) {
        random.nextBytes(value);
      }
      written.add(value);
    }
    MemoryRecords records =
        MemoryRecords.withRecords(
            Compression.of(compression).build(),
            written.stream()
                .map(value -> new SimpleRecord(1L, null, value))
                .toArray(SimpleRecord[]::new));
    assertThat(records.sizeInBytes()).isLessThan(900_000);
    List<byte[]> read = new ArrayList<>();
    for (Record each : records.records()) {
      ByteBuffer value = each.value();
      byte[] bytes = new byte[value.remaining()];
      value.get(bytes);
      read.add(bytes);
    }
    assertThat(read).hasSameSizeAs(written);
    for (int i = 0; i < written.size(); i++) {
      assertThat(read.get(i)).isEqualTo(written.get(i));
    }
  }
}
