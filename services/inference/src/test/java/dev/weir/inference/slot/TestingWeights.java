package dev.weir.inference.slot;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Numbers of evicted adapters in memory, as a disk and a store would have them. */
final class TestingWeights implements WeightSource {

  final Map<String, LoadedAdapter> disk = new ConcurrentHashMap<>();
  final Map<String, LoadedAdapter> store = new ConcurrentHashMap<>();
  final Set<String> lost = ConcurrentHashMap.newKeySet();
  final CopyOnWriteArrayList<String> read = new CopyOnWriteArrayList<>();
  volatile Consumer<ServingAdapter> onFetch = version -> {};

  @Override
  public boolean onDisk(String digest) {
    return disk.containsKey(digest);
  }

  @Override
  public Optional<LoadedAdapter> readCopy(ServingAdapter version) {
    read.add(version.id().toString());
    return lost.contains(version.digest())
        ? Optional.empty()
        : Optional.ofNullable(disk.get(version.digest()));
  }

  @Override
  public LoadedAdapter fetch(ServingAdapter version) {
    onFetch.accept(version);
    LoadedAdapter found = store.get(version.digest());
    if (found == null) {
      throw new LoadException("artifact-missing", version.id() + " is not in the store");
    }
    return found;
  }
}
