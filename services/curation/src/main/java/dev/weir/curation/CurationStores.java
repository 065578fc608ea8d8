package dev.weir.curation;

import dev.weir.contract.topic.EventSerde;
import dev.weir.curation.batch.BatchAssembler;
import dev.weir.curation.dedup.CuratedText;
import dev.weir.curation.limit.SourceCount;
import dev.weir.curation.limit.SourceLimiter;
import dev.weir.curation.live.LiveAccuracy;
import dev.weir.curation.resolve.ReviewEvent.AnswerServed;
import dev.weir.curation.resolve.ReviewEvent.ReviewSeen;
import dev.weir.curation.resolve.ReviewResolver;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The stores of the topology, all of them logged to changelog topics.
 *
 * <p>On disk where their size follows the traffic; in memory where it follows the number of
 * adapters. None is a window store, although two have a retention: under exactly-once Kafka Streams
 * 4.3 takes one without segments for corrupted at each start, and wipes its whole task.
 */
final class CurationStores {

  private CurationStores() {}

  static List<StoreBuilder<?>> all() {
    return List.of(
        dated(ReviewResolver.REVIEWS, ReviewSeen.class),
        dated(ReviewResolver.ANSWERS, AnswerServed.class),
        onDisk(ReviewResolver.WAITING, Serdes.Bytes(), Serdes.ByteArray()),
        onDisk(ReviewResolver.DEADLINES, Serdes.Bytes(), Serdes.ByteArray()),
        onDisk(CuratedText.STORE, Serdes.String(), new EventSerde<>(CuratedText.class)),
        inMemory(SourceLimiter.STORE, new EventSerde<>(SourceCount.class)),
        inMemory(LiveAccuracy.STORE, new EventSerde<>(LiveAccuracy.class)),
        inMemory(BatchAssembler.STORE, BatchAssembler.openBatchSerde()));
  }

  private static <T> StoreBuilder<?> dated(String name, Class<T> type) {
    return Stores.timestampedKeyValueStoreBuilder(
        Stores.persistentTimestampedKeyValueStore(name), Serdes.String(), new EventSerde<>(type));
  }

  private static <K, V> StoreBuilder<?> onDisk(String name, Serde<K> key, Serde<V> value) {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), key, value);
  }

  private static <V> StoreBuilder<?> inMemory(String name, Serde<V> value) {
    return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), Serdes.String(), value);
  }
}
