package dev.weir.standalone.monitoring;

import dev.weir.curation.meter.CurationMeters;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.service.ops.CommonMeters;
import dev.weir.service.ops.MeterSpec;
import dev.weir.trainer.meter.TrainerMeters;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** {@code docs/metrics.md}, made from the declarations. */
final class MetricsReference {

  private static final String HEAD =
      """
      # Metrics

      Every meter of Weir's own, made from the code by `MonitoringFilesTest`, which fails when the two differ. Names are Prometheus';
      histograms have `_bucket`, `_sum`, `_count` and `_max`. Inference serves them at `/metrics` of its HTTP port, the others at `/metrics` of
      `WEIR_OPS_PORT`; `./weir up` serves all at the HTTP port. Beside these there are those of the JVM (`jvm_…`, `process_…`, `system_…`), of Kafka's
      clients (`kafka_consumer_…`, `kafka_producer_…`, with a label `role`) and of Kafka Streams (`kafka_stream_…`).

      Series with a `version` disappear when the version leaves: `weir_inference_answers_total` and `weir_inference_confidence` with the version's
      slot, `weir_curation_live_…` with the fourth version after it. `adapter` is bounded by the declared adapters; with `*` in `WEIR_ADAPTERS` it is not.
      Counters are there from the start, at 0, with every value of their labels, for the first 200 declared adapters by name: `increase()` does not see
      a beginning. Not so are those of versions and `weir_inference_http_requests_seconds`, whose routes and statuses come as they are asked for;
      `weir_inference_http_responses_total` counts the same from 0. Why: [decision 0060](decisions/0060-alerts-in-both-directions.md).
      Why it is so: [decision 0021](decisions/0021-metrics-and-traces.md). Alerts: [runbooks](runbooks.md).
      """;

  private MetricsReference() {}

  static String markdown() {
    StringBuilder text = new StringBuilder(HEAD);
    section(text, "Every process", CommonMeters.all());
    section(text, "Inference", InferenceMeters.all());
    section(text, "Curation", CurationMeters.all());
    section(text, "Trainer", TrainerMeters.all());
    return text.toString();
  }

  private static void section(StringBuilder text, String title, List<MeterSpec> specs) {
    text.append("\n## ").append(title).append("\n\n");
    text.append("| name | type | labels | unit | meaning |\n|---|---|---|---|---|\n");
    for (MeterSpec spec : specs) {
      text.append(
          "| `%s` | %s | %s | %s | %s |\n"
              .formatted(
                  spec.prometheusName(),
                  type(spec),
                  spec.labels().stream().map(l -> "`" + l + "`").collect(Collectors.joining(", ")),
                  spec.unit() == null ? "" : spec.unit(),
                  spec.description()));
    }
  }

  private static String type(MeterSpec spec) {
    return switch (spec.kind()) {
      case COUNTER, GAUGE -> spec.kind().name().toLowerCase(Locale.ROOT);
      case TIMER, SUMMARY -> spec.buckets().isEmpty() ? "summary" : "histogram";
    };
  }
}
