package dev.weir.standalone.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.LabelRequest;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.ServingPlan;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EventSchemasTest {

  private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");

  private final RecordSchemas schemas = new RecordSchemas();

  @Test
  void everyFieldHasADescription() {
    new EventSchemas(Path.of("../../common/contract/src/main/java"))
        .all()
        .forEach((name, schema) -> assertDescribed(name, schema));
  }

  @Test
  void recordsThatADemoDoesNotWriteSatisfyThem() {
    schemas.check(Review.of("r1", "A treat."));
    schemas.check(Feedback.labeled("r1", "A treat.", "positive", "me"));
    schemas.check(new Champion("default", 1, "ab12", NOW));
    schemas.check(ServingPlan.none("default").at(NOW));
    schemas.check(
        new ServingPlan(
            "default",
            new ServingPlan.Pin(1, "ab12", 2),
            new ServingPlan.Canary(3, "cd34", 0.1),
            new ServingPlan.Shadow(4, "ef56"),
            0.5,
            NOW));
    schemas.check(
        new LabelRequest("r1", "default", null, "x", LabelRequest.Reason.LOW_MARGIN, 0.1, NOW));
  }

  @Test
  void feedbackWithTwoOpinionsDoesNot() {
    Feedback two =
        new Feedback(null, "r1", null, "positive", Feedback.Verdict.AGREE, null, null, null, null);
    assertThatThrownBy(() -> schemas.check(two)).isInstanceOf(AssertionError.class);
  }

  private static void assertDescribed(String name, ObjectNode schema) {
    JsonNode properties = schema.path("properties");
    for (Map.Entry<String, JsonNode> each : properties.properties()) {
      assertThat(each.getValue().path("description").asText())
          .as("%s.%s", name, each.getKey())
          .isNotEmpty();
      if (each.getValue() instanceof ObjectNode nested) {
        assertDescribed(name + "." + each.getKey(), nested);
      }
    }
  }
}
