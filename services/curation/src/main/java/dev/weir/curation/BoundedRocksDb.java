package dev.weir.curation;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.WriteBufferManager;

/**
 * Lets all RocksDB stores of the process share one cache, which write buffers, indexes and filters
 * are charged to.
 *
 * <p>By default each store instance may take a 50 MB cache and 48 MB of write buffers of its own,
 * which with several stores in several tasks is more than a laptop has. Public for Kafka Streams,
 * which makes one per store by name; the size comes from the first.
 */
public final class BoundedRocksDb implements RocksDBConfigSetter {

  /** Name of the property with the bytes of the shared cache. */
  static final String MEMORY_BYTES = "weir.rocksdb.memory.bytes";

  private static final int SHARD_BITS_BY_SIZE = -1;
  private static final double HIGH_PRIORITY_SHARE = 0.1;
  private static final long WRITE_BUFFER_BYTES = 4L << 20;
  private static final long DEFAULT_MEMORY_BYTES = 64L << 20;

  private static @Nullable Memory shared;

  private record Memory(Cache cache, WriteBufferManager writeBuffers) {}

  @Override
  public void setConfig(String storeName, Options options, Map<String, Object> configs) {
    Memory memory = memory(configs);
    BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
    table.setBlockCache(memory.cache());
    table.setCacheIndexAndFilterBlocks(true);
    table.setCacheIndexAndFilterBlocksWithHighPriority(true);
    table.setPinTopLevelIndexAndFilter(true);
    options.setTableFormatConfig(table);
    options.setWriteBufferManager(memory.writeBuffers());
    options.setWriteBufferSize(WRITE_BUFFER_BYTES);
    options.setMaxWriteBufferNumber(2);
  }

  /** The shared cache stays for the next store; it ends with the process. */
  @Override
  public void close(String storeName, Options options) {}

  private static synchronized Memory memory(Map<String, Object> configs) {
    if (shared == null) {
      Object bytes = configs.get(MEMORY_BYTES);
      long total = bytes == null ? DEFAULT_MEMORY_BYTES : Long.parseLong(bytes.toString());
      Cache cache = new LRUCache(total, SHARD_BITS_BY_SIZE, false, HIGH_PRIORITY_SHARE);
      shared = new Memory(cache, new WriteBufferManager(total / 2, cache));
    }
    return shared;
  }
}
