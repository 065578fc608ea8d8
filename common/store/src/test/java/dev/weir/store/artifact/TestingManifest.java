package dev.weir.store.artifact;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.text.Truncation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Artifacts of a few bytes. */
final class TestingManifest {

  private TestingManifest() {}

  /** Writes files and the manifest that names them. */
  static void write(Path directory, AdapterId id, Map<String, String> contents) throws IOException {
    for (Map.Entry<String, String> each : contents.entrySet()) {
      Files.writeString(directory.resolve(each.getKey()), each.getValue());
    }
    seal(directory, id, List.copyOf(contents.keySet()));
  }

  /** Writes the manifest of files that are there. */
  static void seal(Path directory, AdapterId id, List<String> names) throws IOException {
    TreeMap<String, Manifest.FileEntry> files = new TreeMap<>();
    for (String name : names) {
      Path file = directory.resolve(name);
      files.put(name, new Manifest.FileEntry(Digests.sha256(file), Files.size(file)));
    }
    Manifest manifest =
        new Manifest(
            Manifest.FORMAT,
            id.adapter(),
            id.version(),
            Method.HEAD_REFRESH,
            "tiny",
            "base",
            List.of("negative", "positive"),
            128,
            Truncation.HEAD_TAIL,
            1.0,
            files,
            new TreeMap<>(),
            List.of(),
            new Manifest.Lineage(
                null, null, null, List.of(), 1, 0, 1, Map.of(), List.of(), Map.of(), 1, "test"));
    Files.write(directory.resolve(Manifest.FILE), EventJson.write(manifest));
  }

  /** Has the manifest say that a file has another name. */
  static void rename(Path directory, String name, String other) throws IOException {
    Path file = directory.resolve(Manifest.FILE);
    ObjectNode manifest = (ObjectNode) EventJson.mapper().readTree(file.toFile());
    ObjectNode files = (ObjectNode) manifest.get("files");
    files.set(other, files.remove(name));
    Files.write(file, EventJson.write(manifest));
  }
}
