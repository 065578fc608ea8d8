package dev.weir.trainer.loop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.release.AdapterId;
import dev.weir.trainer.data.BatchRecords;
import dev.weir.trainer.data.ExampleIndex;
import dev.weir.trainer.data.SkippedRecords;
import dev.weir.trainer.data.TrainingSet;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.kafka.clients.consumer.ConsumerRecord;

class RecordMutationsTest {

  private static final int EACH = 40;

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

  @Property(tries = 50)
  void whatPassesForABatchCanBeTakenUp(@ForAll long seed) throws IOException {
    BatchRecords records = new BatchRecords(new SkippedRecords("training-batches", meters));
    byte[] good = EventJson.write(TestingData.batch("default", "b1", 40));
    for (byte[] mutant : new Mutations(new Random(seed)).of(good, EACH)) {
      records
          .read(record("default", mutant))
          .ifPresent(
              batch -> {
                assertThat(new AdapterId(batch.adapter(), 1)).isNotNull();
                assertThat(batch.labels()).isNotEmpty().doesNotHaveDuplicates();
                assertThat(batch.lastFeedbackAt().toEpochMilli()).isNotNegative();
              });
    }
    assertThat(records.read(record("default", good))).isPresent();
    assertThat(internalErrors("training-batches")).isZero();
  }

  @Property(tries = 50)
  void whatPassesForAnExampleCanBeLearnedFrom(@ForAll long seed) throws IOException {
    SkippedRecords skipped = new SkippedRecords("examples", meters);
    ExampleIndex index = new ExampleIndex();
    List<Example> examples = TestingData.examples("default", "b1", 4, 3);
    byte[] good = EventJson.write(examples.get(0));
    String key = examples.get(0).key();
    for (byte[] mutant : new Mutations(new Random(seed)).of(good, EACH)) {
      skipped.read(record(key, mutant), () -> index.apply(key.getBytes(UTF_8), mutant));
      assertThatCode(
              () ->
                  TrainingSet.of(
                      TestingData.batch("default", "b1", 4), index.of("default"), 100, 100, 1))
          .doesNotThrowAnyException();
    }
    for (Example example : examples) {
      index.apply(example.key().getBytes(UTF_8), EventJson.write(example));
    }
    assertThat(index.of("default")).hasSize(4);
    assertThat(index.count("b1")).isEqualTo(4);
    assertThat(internalErrors("examples")).isZero();
  }

  private double internalErrors(String topic) {
    return meters
        .get("weir.trainer.records.skipped")
        .tags("topic", topic, "reason", "internal-error")
        .counter()
        .count();
  }

  private static ConsumerRecord<byte[], byte[]> record(String key, byte[] value) {
    return new ConsumerRecord<>("topic", 0, 17, key.getBytes(UTF_8), value);
  }
}
