package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.LabelScheme;
import dev.weir.contract.event.Limits;
import dev.weir.contract.event.OpinionReader;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.standalone.rows.LabelCensus;
import dev.weir.standalone.rows.LabelReader;
import dev.weir.standalone.rows.Row;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes the events that rows mean, checked as the services check them, labels by the declared
 * schemes.
 *
 * <p>For one thread and one reading of a file: it counts the labels.
 */
final class RowEvents {

  private final ProduceCommand.Kind kind;
  private final AdapterCatalog catalog;
  private final OpinionReader opinions;
  private final @Nullable String adapter;
  private final String source;
  private final String file;
  private final Map<String, LabelCensus> labels = new LinkedHashMap<>();

  /**
   * Events from the rows of one file.
   *
   * @param adapter for rows that name none, or {@code null}
   * @param source for feedback that names none
   * @param file stands in the ids of rows that have none
   */
  RowEvents(
      ProduceCommand.Kind kind,
      AdapterCatalog catalog,
      @Nullable String adapter,
      String source,
      String file) {
    this.kind = kind;
    this.catalog = catalog;
    this.opinions = new OpinionReader(catalog);
    this.adapter = adapter;
    this.source = source;
    this.file = file;
  }

  /** What came of a row. */
  sealed interface Outcome {

    /** It is an event, under a key. */
    record Event(String key, ObjectNode json) implements Outcome {
      byte[] keyBytes() {
        return key.getBytes(StandardCharsets.UTF_8);
      }

      byte[] value() {
        return EventJson.write(json);
      }
    }

    /** It is none. */
    record Refused(String problem) implements Outcome {}
  }

  Outcome of(Row.Good row) {
    ObjectNode event = row.fields().deepCopy();
    if (adapter != null && !event.hasNonNull("adapter")) {
      event.put("adapter", adapter);
    }
    return kind == ProduceCommand.Kind.reviews ? review(event, row) : feedback(event, row);
  }

  private Outcome review(ObjectNode event, Row.Good row) {
    String id = row.text("id") == null ? row.text("reviewId") : row.text("id");
    event.put("id", id == null ? generated(row) : id);
    Outcome.Event made = new Outcome.Event(event.get("id").asText(), event);
    return EventReader.review(made.keyBytes(), made.value()) instanceof Rejected<?> bad
        ? new Outcome.Refused(bad.message())
        : made;
  }

  private Outcome feedback(ObjectNode event, Row.Good row) {
    if (!event.hasNonNull("source")) {
      event.put("source", source);
    }
    String reviewId = row.text("reviewId") == null ? row.text("id") : row.text("reviewId");
    if (reviewId == null && row.text("text") == null) {
      return new Outcome.Refused(
          "has neither a text nor the id of a review; feedback is about one of them");
    }
    if (row.text("reviewId") == null && reviewId != null) {
      event.put("reviewId", reviewId);
      event.remove("id");
    }
    String problem = readLabel(event, row);
    if (problem != null) {
      return new Outcome.Refused(problem);
    }
    // Without a review's id the key is only where the record goes: no review may be made of it.
    Outcome.Event made = new Outcome.Event(reviewId == null ? generated(row) : reviewId, event);
    Parsed<Feedback> parsed = EventReader.feedback(made.keyBytes(), made.value());
    if (parsed instanceof Rejected<?> bad) {
      return new Outcome.Refused(bad.message());
    }
    Rejected<String> hopeless = opinions.hopeless(((Accepted<Feedback>) parsed).event());
    return hopeless == null ? made : new Outcome.Refused(hopeless.message());
  }

  /** Puts the canonical label into the event; what is wrong with it, or {@code null}. */
  private @Nullable String readLabel(ObjectNode event, Row.Good row) {
    String written = LabelReader.written(row);
    if (written == null) {
      return null;
    }
    String named = row.text("adapter") == null ? adapter : row.text("adapter");
    // The review may name another adapter than the default; any declared label may be right then.
    boolean open = named == null && row.text("text") == null;
    String name = named == null ? Limits.DEFAULT_ADAPTER : named;
    Parsed<LabelScheme> declared = opinions.scheme(name);
    if (declared instanceof Rejected<LabelScheme> unknown && !open) {
      return unknown.message();
    }
    String label = null;
    if (declared instanceof Accepted<LabelScheme> scheme) {
      label = new LabelReader(scheme.event()).canonical(row).orElse(null);
    }
    if (label == null && open) {
      for (LabelScheme other : catalog.schemes().values()) {
        label = label == null ? new LabelReader(other).canonical(row).orElse(null) : label;
      }
    }
    labels.computeIfAbsent(name, unused -> new LabelCensus()).take(written, label);
    if (label == null) {
      return declared instanceof Accepted<LabelScheme> scheme
          ? "the label '%s' is none of adapter '%s', %s; use one of them, or declare it in WEIR_ADAPTERS"
              .formatted(written, name, scheme.event().names())
          : "the label '" + written + "' is none of the adapters in WEIR_ADAPTERS";
    }
    if (event.hasNonNull("label")) {
      event.put("label", label);
      if (event.hasNonNull("stars") && sameByStars(row, label, name)) {
        event.remove("stars");
      }
    }
    return null;
  }

  /** Whether the row's stars say the same as its label: then they are not a second opinion. */
  private boolean sameByStars(Row.Good row, String label, String name) {
    ObjectNode stars = row.fields().deepCopy();
    stars.remove("label");
    return catalog
        .scheme(name)
        .flatMap(scheme -> new LabelReader(scheme).canonical(new Row.Good(row.line(), stars)))
        .filter(label::equals)
        .isPresent();
  }

  private String generated(Row.Good row) {
    return file + "-" + row.line();
  }

  /** Why no row of the file is to be sent, or {@code null}; after the last row. */
  @Nullable String refusal() {
    List<String> problems = new ArrayList<>();
    labels.forEach(
        (name, census) -> {
          LabelScheme scheme = catalog.scheme(name).orElse(null);
          String problem = scheme == null ? null : census.refusal(scheme);
          if (problem != null) {
            problems.add(problem + " (adapter '" + name + "')");
          }
        });
    return problems.isEmpty() ? null : problems.get(0);
  }

  /** How many rows have each label. */
  Map<String, Long> labels() {
    Map<String, Long> all = new TreeMap<>();
    labels
        .values()
        .forEach(census -> census.labels().forEach((k, v) -> all.merge(k, v, Long::sum)));
    return all;
  }
}
