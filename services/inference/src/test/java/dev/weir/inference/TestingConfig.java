package dev.weir.inference;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.device.PrecisionChoice;
import dev.weir.inference.http.web.HttpConfig;
import dev.weir.inference.slot.SlotPolicy;
import dev.weir.inference.stream.Delivery;
import dev.weir.model.device.DeviceRequest;
import dev.weir.model.spec.Precision;
import dev.weir.store.signing.ArtifactTrust;
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
