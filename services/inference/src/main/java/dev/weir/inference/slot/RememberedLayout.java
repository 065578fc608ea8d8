package dev.weir.inference.slot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import dev.weir.model.weights.AdapterWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shape of the slot table that the adapters of this process have needed, in a file for the next
 * start: its first engine has that shape, so that it is not opened for nothing and opened again for
 * the first adapter. What an earlier process needed and this one does not is forgotten with the
 * first adapter. Only a hint: without the file, or with one of another base model, the first engine
 * has the smallest shape. Thread-safe.
 */
public final class RememberedLayout {

  private static final Logger LOG = LoggerFactory.getLogger(RememberedLayout.class);
  private static final String FILE = "slot-layout.json";
  private static final int MOST_BYTES = 1 << 16;

  /** Beyond is no shape that an adapter of ours ever had. */
  private static final int MOST = 1 << 16;

  private final Path directory;
  private final String baseDigest;
  private SlotLayout needed;

  /**
   * Reads and writes nothing yet.
   *
   * @param directory of the local copies; made when there is something to write
   * @param baseDigest of the base model whose layers the shape is about
   * @param slots of the smallest shape
   */
  public RememberedLayout(Path directory, String baseDigest, int slots) {
    this.directory = directory;
    this.baseDigest = baseDigest;
    this.needed = SlotLayouts.initial(slots);
  }

  /** What the process before needed. */
  Optional<SlotLayout> read() {
    Path file = directory.resolve(FILE);
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MOST_BYTES) {
        return Optional.empty();
      }
      JsonNode json = EventJson.mapper().readTree(Files.readAllBytes(file));
      if (!json.path("base").asText().equals(baseDigest)) {
        return Optional.empty();
      }
      Set<LinearModule> targets = EnumSet.noneOf(LinearModule.class);
      for (JsonNode target : json.path("targets")) {
        targets.add(LinearModule.valueOf(target.asText()));
      }
      return Optional.of(
          new SlotLayout(
              number(json, "slots"),
              number(json, "rank"),
              number(json, "labels"),
              targets,
              json.path("dora").asBoolean()));
    } catch (IOException | IllegalArgumentException | ModelException e) {
      LOG.warn("{} is of no use and is left out: {}", file, e.toString());
      return Optional.empty();
    }
  }

  private static int number(JsonNode json, String name) throws IOException {
    JsonNode number = json.path(name);
    if (!number.canConvertToInt() || number.asInt() > MOST) {
      throw new IOException(name + " is " + number);
    }
    return number.asInt();
  }

  /**
   * Takes a version into account that came into a slot.
   *
   * @param loaded slots that are taken
   */
  synchronized void include(AdapterWeights weights, int loaded) {
    SlotLayout now = SlotLayouts.including(needed, weights, loaded, any -> Integer.MAX_VALUE);
    if (now.equals(needed)) {
      return;
    }
    needed = now;
    ObjectNode json = EventJson.mapper().createObjectNode();
    json.put("base", baseDigest);
    json.put("slots", now.slots());
    json.put("rank", now.rank());
    json.put("labels", now.labels());
    ArrayNode targets = json.putArray("targets");
    now.targets().forEach(target -> targets.add(target.name()));
    json.put("dora", now.dora());
    try {
      Files.createDirectories(directory);
      Path fresh = directory.resolve(FILE + ".new");
      Files.write(fresh, EventJson.mapper().writeValueAsBytes(json));
      Files.move(
          fresh,
          directory.resolve(FILE),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      LOG.warn(
          "the next start opens its engine twice: {} cannot be written: {}", FILE, e.toString());
    }
  }
}
