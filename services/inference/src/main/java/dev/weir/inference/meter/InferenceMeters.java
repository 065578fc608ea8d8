package dev.weir.inference.meter;

import static dev.weir.service.ops.MeterSpec.LATENCIES;
import static dev.weir.service.ops.MeterSpec.MINUTES;
import static dev.weir.service.ops.MeterSpec.counter;
import static dev.weir.service.ops.MeterSpec.gauge;
import static dev.weir.service.ops.MeterSpec.gaugeIn;
import static dev.weir.service.ops.MeterSpec.summary;
import static dev.weir.service.ops.MeterSpec.timer;

import dev.weir.contract.event.Parsed.Reason;
import dev.weir.model.spec.Precision;
import dev.weir.service.ops.MeterSpec;
import dev.weir.service.ops.ReasonCodes;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Arrays;
import java.util.List;

/** The meters of the inference service. */
public final class InferenceMeters {

  /** Texts answered. */
  public static final MeterSpec CLASSIFICATIONS =
      counter(
          "weir.inference.classifications",
          "texts answered, by path (kafka, http) and result (answered, abstained, failed)",
          "path",
          "result");

  /** Why texts were abstained from. */
  public static final MeterSpec ABSTENTIONS =
      counter(
          "weir.inference.abstentions",
          "texts that got no label, by the code that the answer gives as reason",
          "reason");

  /** Answers per version and label. */
  public static final MeterSpec ANSWERS =
      counter(
          "weir.inference.answers",
          "answers of a version by label, 'abstained' where it was too unsure, 'other' for labels beyond the first 50; the series goes when the version leaves memory",
          "adapter",
          "version",
          "label");

  /** How sure a version is. */
  public static final MeterSpec CONFIDENCE =
      summary(
          "weir.inference.confidence",
          "calibrated probability of the best label; the series goes when the version leaves memory",
          List.of(),
          "adapter",
          "version");

  /** Time in the service. */
  public static final MeterSpec LATENCY =
      timer(
          "weir.inference.latency",
          "from having read the texts to having all their answers, by path (kafka, http)",
          LATENCIES,
          "path");

  /** Time since the review was produced. */
  public static final MeterSpec REVIEW_AGE =
      timer(
          "weir.inference.review.age",
          "from a review's timestamp on Kafka to its answer's being made",
          List.of(
              0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 600.0,
              3600.0));

  /** Rows per batch. */
  public static final MeterSpec BATCH_ROWS =
      summary(
          "weir.inference.batch.rows",
          "texts per micro-batch",
          List.of(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0));

  /** Tokens per batch. */
  public static final MeterSpec BATCH_TOKENS =
      summary(
          "weir.inference.batch.tokens",
          "tokens per micro-batch, padding included",
          List.of(16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0));

  /** Cost of explanations. */
  public static final MeterSpec EXPLANATION_RUNS =
      summary(
          "weir.inference.explanation.runs",
          "texts scored for one explanation, the text itself included",
          List.of(2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0));

  /** Texts that wait. */
  public static final MeterSpec QUEUE_DEPTH =
      gauge("weir.inference.queue.depth", "texts that wait for a scorer, by path", "path");

  /** The queue's bound. */
  public static final MeterSpec QUEUE_CAPACITY =
      gauge(
          "weir.inference.queue.capacity",
          "most texts that may wait per path; beyond, HTTP answers 429 and the stream pauses");

  /** Shadows. */
  public static final MeterSpec SHADOWS =
      counter(
          "weir.inference.shadow.classifications",
          "texts that a shadow version was asked beside the one that answers (scored; left-out: it failed or was not in service; dropped: over HTTP, for want of time or of Kafka)",
          "result");

  /** HTTP requests. */
  public static final MeterSpec HTTP_REQUESTS =
      timer(
          "weir.inference.http.requests",
          "HTTP requests by method, route (unmatched for none) and status; streams of events are not counted",
          LATENCIES,
          "method",
          "route",
          "status");

  /** Answers over HTTP, by what they mean. */
  public static final MeterSpec HTTP_RESPONSES =
      counter(
          "weir.inference.http.responses",
          "answers over HTTP by class of status: 2xx, 3xx, 4xx (without 429), 429, 5xx; all are there from the start, unlike those of weir_inference_http_requests_seconds",
          "class");

  /** HTTP requests that did not get to a route. */
  public static final MeterSpec HTTP_REFUSED =
      counter(
          "weir.inference.http.refused",
          "HTTP requests refused before their route's work, by reason (no-key, unknown-key, scope, rate-limited; memory: the bodies under way take their budget; slow-body: ended in favour of others; body-too-large; connections: closed because too many are open)",
          "reason");

  /** Bodies in memory. */
  public static final MeterSpec HTTP_BODY_BYTES =
      gaugeIn(
          "bytes",
          "weir.inference.http.body",
          "bytes of the bodies of requests under way; at most a sixteenth of the heap");

  /** Events that wait for listeners. */
  public static final MeterSpec LISTENERS_BYTES =
      gaugeIn(
          "bytes",
          "weir.inference.stream.waiting",
          "bytes of events that wait for all listeners; at most a sixteenth of the heap");

  /** Listeners cut off. */
  public static final MeterSpec LISTENERS_CUT_OFF =
      counter(
          "weir.inference.stream.cut.off",
          "listeners that were cut off, as they took nothing while memory for events was short");

  /** Slots. */
  public static final MeterSpec SLOTS =
      gauge("weir.inference.slots", "adapter slots of the engine");

  /** Slots that nobody has. */
  public static final MeterSpec SLOTS_LOST =
      gauge(
          "weir.inference.slots.lost",
          "slots that are taken and that no version has: always 0, or a defect lost them until the restart");

  /** Versions by place. */
  public static final MeterSpec VERSIONS =
      gauge(
          "weir.inference.versions",
          "adapter versions in service, by where they are (loaded, merged, evicted)",
          "state");

  /** Versions that cannot be evicted. */
  public static final MeterSpec VERSIONS_UNCOPIED =
      gauge(
          "weir.inference.versions.uncopied",
          "versions in slots without a copy on this disk: they cannot be evicted; the log says why (a full disk, rights, WEIR_SERVE_CACHE_MB)");

  /** Adapters that serve. */
  public static final MeterSpec ADAPTERS_SERVING =
      gauge("weir.inference.adapters.serving", "adapters that have a version that answers");

  /** Versions that should serve and do not. */
  public static final MeterSpec VERSIONS_FAILING =
      gauge(
          "weir.inference.versions.failing",
          "versions that should be in service and could not be loaded; /v1/adapters says why");

  /** Runs that failed. */
  public static final MeterSpec RUN_FAILURES =
      counter(
          "weir.inference.run.failures",
          "runs of the model that threw or gave a text no finite number, by precision",
          "precision");

  /** Versions that rest. */
  public static final MeterSpec VERSIONS_SUSPENDED =
      gauge(
          "weir.inference.versions.suspended",
          "versions in service that fail on texts that are not at fault: their reviews wait, and HTTP answers 503");

  /** How long a review has been waiting. */
  public static final MeterSpec STANDSTILL =
      gaugeIn(
          "seconds",
          "weir.inference.standstill",
          "how long the partition that waits longest has had reviews read and none committed");

  /** The version that answers. */
  public static final MeterSpec ADAPTER_VERSION =
      gauge(
          "weir.inference.adapter.version",
          "the version that answers for the adapter; no series when none does",
          "adapter");

  /** How far batches are decided. */
  public static final MeterSpec DECIDED =
      gaugeIn(
          "seconds",
          "weir.inference.decided.batch.timestamp",
          "when the newest batch was closed that the adapters topic has a decision about, since the epoch",
          "adapter");

  /** Who is held in place by hand. */
  public static final MeterSpec PINNED =
      gaugeIn(
          "seconds",
          "weir.inference.pinned.timestamp",
          "since when an operator's pin holds an adapter at a version, since the epoch; by says whether a rollback or a pin set it; no series when nothing does",
          "adapter",
          "by");

  /** What the champion has learned from. */
  public static final MeterSpec ADAPTER_FEEDBACK =
      gaugeIn(
          "seconds",
          "weir.inference.adapter.feedback.timestamp",
          "when the newest feedback was given that the answering version's batch held, since the epoch",
          "adapter");

  /** Feedback to live. */
  public static final MeterSpec FRESHNESS =
      timer(
          "weir.inference.freshness",
          "from the newest feedback of a batch to its adapter's being live here; releases decided since the start",
          MINUTES);

  /** Record to live. */
  public static final MeterSpec LOAD_DURATION =
      timer(
          "weir.inference.load.duration",
          "from taking up a champion record to its version answering: the time of a swap",
          LATENCIES);

  /** Loads. */
  public static final MeterSpec LOADS =
      counter(
          "weir.inference.loads",
          "tries to put a version into service, by result (loaded, failed) and reason",
          "result",
          "reason");

  /** Records of the adapters topic beyond what is kept. */
  public static final MeterSpec ADAPTER_RECORDS_REFUSED =
      counter(
          "weir.inference.adapter.records.refused",
          "records of the adapters topic for which there was no room, by reason (too-many-adapters, too-many-records)",
          "reason");

  /** Topics of adapters that were made anew. */
  public static final MeterSpec ADAPTERS_TOPIC_ANEW =
      counter(
          "weir.inference.adapters.topic.anew",
          "times that the adapters topic was found deleted and made anew, restored or cut, and read again from its beginning");

  /** Defects. */
  public static final MeterSpec INTERNAL_ERRORS =
      counter(
          "weir.inference.internal.errors",
          "unexpected exceptions that were caught where they do least harm, by place (adapter-watcher, adapter-loader, state-listener): each is a defect",
          "place");

  /** Evictions. */
  public static final MeterSpec EVICTIONS =
      counter("weir.inference.evictions", "versions that gave up their slot to another one");

  /** Paging. */
  public static final MeterSpec PAGE_DURATION =
      timer(
          "weir.inference.page.duration",
          "from the first text for an evicted version to its being in a slot (loaded, refetched)",
          LATENCIES,
          "result");

  /** Paging that failed. */
  public static final MeterSpec PAGE_FAILURES =
      counter(
          "weir.inference.page.failures",
          "evicted versions that could not be loaded again, by reason",
          "reason");

  /** The provider of a run. */
  public static final MeterSpec PROVIDER =
      gauge(
          "weir.inference.provider.info",
          "always 1; provider names the ONNX Runtime execution provider that an actual run of the precision's session used, session whether that is the one of the slots or the merged adapter's own (slots, merged)",
          "session",
          "precision",
          "provider");

  /** Requests for labels. */
  public static final MeterSpec LABEL_REQUESTS =
      counter("weir.inference.label.requests", "reviews that a person is asked to label");

  /** Dead letters. */
  public static final MeterSpec DEAD_LETTERS =
      counter(
          "weir.inference.dead.letters",
          "review records that went to the dead-letter topic, by reason",
          "reason");

  /** Time of a transaction. */
  public static final MeterSpec TRANSACTION =
      timer(
          "weir.inference.transaction",
          "from beginning a transaction to its commit; with at-least-once, from sending to commit",
          LATENCIES);

  /** Transactions. */
  public static final MeterSpec TRANSACTIONS =
      counter(
          "weir.inference.transactions",
          "transactions by result: committed, rolled-back, fenced (another member took over)",
          "result");

  /** Codes of the failures that loading a version can have. */
  public static final List<String> LOAD_REASONS =
      ReasonCodes.with(
          List.of(
              "adapter-out-of-order",
              "base-mismatch",
              "internal-error",
              "label-mismatch",
              "load-failed",
              "load-timeout",
              "max-tokens-out-of-range",
              "merged-model-missing",
              "no-free-slot",
              "probe-failed",
              "slots-too-large",
              "version-changed"));

  /** Reasons for which a request is refused before its route's work. */
  static final List<String> REFUSALS =
      List.of(
          "no-key",
          "unknown-key",
          "scope",
          "rate-limited",
          "memory",
          "slow-body",
          "body-too-large",
          "connections");

  /** Classes of answers over HTTP. */
  static final List<String> CLASSES = List.of("2xx", "3xx", "4xx", "429", "5xx");

  private InferenceMeters() {}

  /** Makes the counters and timers of all label values that can come, with nothing counted. */
  public static void atZero(MeterRegistry registry) {
    List<String> reasons = Arrays.stream(Reason.values()).map(Reason::code).toList();
    ABSTENTIONS.atZero(
        registry,
        List.of(List.of("no-adapter", "low-confidence", "adapter-unavailable", "no-token")));
    DEAD_LETTERS.atZero(registry, List.of(reasons));
    DEAD_LETTERS.atZero(registry, List.of(List.of("scoring-failed")));
    HTTP_RESPONSES.atZero(registry, List.of(CLASSES));
    HTTP_REFUSED.atZero(registry, List.of(REFUSALS));
    LOADS.atZero(registry, List.of(List.of("loaded"), List.of("none")));
    LOADS.atZero(registry, List.of(List.of("failed"), LOAD_REASONS));
    PAGE_DURATION.atZero(registry, List.of(List.of("loaded", "refetched")));
    PAGE_FAILURES.atZero(registry, List.of(LOAD_REASONS));
    EVICTIONS.atZero(registry, List.of());
    RUN_FAILURES.atZero(
        registry, List.of(Arrays.stream(Precision.values()).map(Precision::id).toList()));
    INTERNAL_ERRORS.atZero(
        registry, List.of(List.of("adapter-watcher", "adapter-loader", "state-listener")));
  }

  /** The class of an HTTP status, as a label value. */
  public static String statusClass(int status) {
    return status == 429 ? "429" : status / 100 + "xx";
  }

  /** All of them, in the order of the reference. */
  public static List<MeterSpec> all() {
    return List.of(
        CLASSIFICATIONS,
        ABSTENTIONS,
        ANSWERS,
        CONFIDENCE,
        LATENCY,
        REVIEW_AGE,
        BATCH_ROWS,
        BATCH_TOKENS,
        EXPLANATION_RUNS,
        QUEUE_DEPTH,
        QUEUE_CAPACITY,
        SHADOWS,
        HTTP_REQUESTS,
        HTTP_RESPONSES,
        HTTP_REFUSED,
        HTTP_BODY_BYTES,
        LISTENERS_BYTES,
        LISTENERS_CUT_OFF,
        SLOTS,
        SLOTS_LOST,
        VERSIONS,
        VERSIONS_UNCOPIED,
        ADAPTERS_SERVING,
        VERSIONS_FAILING,
        VERSIONS_SUSPENDED,
        RUN_FAILURES,
        ADAPTER_VERSION,
        ADAPTER_FEEDBACK,
        DECIDED,
        PINNED,
        FRESHNESS,
        LOAD_DURATION,
        LOADS,
        ADAPTER_RECORDS_REFUSED,
        ADAPTERS_TOPIC_ANEW,
        INTERNAL_ERRORS,
        EVICTIONS,
        PAGE_DURATION,
        PAGE_FAILURES,
        PROVIDER,
        LABEL_REQUESTS,
        DEAD_LETTERS,
        TRANSACTION,
        TRANSACTIONS,
        STANDSTILL);
  }
}
