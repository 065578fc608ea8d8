package dev.weir.curation.deadletter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.event.InputPosition;
import java.nio.ByteBuffer;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.WithNull;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class OriginalSerdeTest {

  @Property(tries = 300)
  void returnsWhatWasWritten(
      @ForAll @WithNull byte[] key,
      @ForAll @WithNull byte[] value,
      @ForAll @Size(max = 5) Map<String, @WithNull byte[]> headers,
      @ForAll @IntRange int partition,
      @ForAll @LongRange long offset) {
    RecordHeaders written = new RecordHeaders();
    headers.forEach(written::add);
    InputPosition position = new InputPosition("feedback", partition, offset);
    Original original = new Original(key, value, written, position, 17);

    Original read = OriginalSerde.read(ByteBuffer.wrap(OriginalSerde.write(original)));

    assertThat(read.key()).isEqualTo(key);
    assertThat(read.value()).isEqualTo(value);
    assertThat(read.headers().toArray()).isEqualTo(written.toArray());
    assertThat(read.position()).isEqualTo(position);
    assertThat(read.timestampMs()).isEqualTo(17);
    assertThat(read.sizeBytes()).isEqualTo(original.sizeBytes());
  }

  @Test
  void refusesAFormItDoesNotKnow() {
    assertThatThrownBy(() -> OriginalSerde.read(ByteBuffer.wrap(new byte[] {9})))
        .hasMessageContaining("form 9")
        .hasMessageContaining("start the version of Weir that wrote it");
  }
}
