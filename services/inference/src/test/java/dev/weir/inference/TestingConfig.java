package dev.weir.inference;

import dev.weir.common.event.AdapterCatalog;
import dev.weir.common.model.DeviceRequest;
import dev.weir.common.model.Precision;
import dev.weir.common.signing.ArtifactTrust;
import dev.weir.common.topic.Topics;
import dev.weir.inference.adapter.PrecisionChoice;
import dev.weir.inference.adapter.SlotPolicy;
import dev.weir.inference.http.HttpConfig;
import dev.weir.inference.stream.Delivery;
import dev.weir.testing.TestBroker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;

/** The configuration of services under test: two workers, two slots to begin with, fp32. */
final class TestingConfig {

  private TestingConfig() {}

  static InferenceConfig of(
      Topics topics,
      AdapterCatalog catalog,
      Path copies,
      int pollRecords,
      double labelRequestMargin,
      String instance) {
    return of(
        TestBroker.bootstrapServers(),
        topics,
        catalog,
        copies,
        pollRecords,
        labelRequestMargin,
        instance);
  }

  /** The same at another broker. */
  static InferenceConfig of(
      String bootstrapServers,
      Topics topics,
      AdapterCatalog catalog,
      Path copies,
      int pollRecords,
      double labelRequestMargin,
      String instance) {
    return new InferenceConfig(
        Map.of("bootstrap.servers", bootstrapServers),
        topics,
        catalog,
        HttpConfig.open("127.0.0.1", 0),
        2,
        512,
        2048,
        new AdapterConfig(
            new SlotPolicy(2, 64, Set.of(), Duration.ofMinutes(1)),
            1 << 30,
            copies,
            1 << 30,
            ArtifactTrust.everybody(),
            DeviceRequest.CPU,
            new PrecisionChoice(Precision.FP32, false),
            ""),
        pollRecords,
        labelRequestMargin,
        instance,
        Delivery.EXACTLY_ONCE,
        1);
  }
}
