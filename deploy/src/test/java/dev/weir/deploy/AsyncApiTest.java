package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import dev.weir.contract.topic.TopicSpec;
import dev.weir.contract.topic.Topics;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/asyncapi.yaml} against AsyncAPI's own schema; that it follows from the code is tested
 * with the code.
 */
class AsyncApiTest {

  private final ObjectNode document =
      new ObjectMapper()
          .valueToTree(Repository.yaml(Repository.ROOT.resolve("docs/asyncapi.yaml")));

  @Test
  void satisfiesTheSchemaOfAsyncApi() throws IOException {
    assertThat(schema().validate(document)).isEmpty();
  }

  @Test
  void theSchemaRefusesWhatAsyncApiDoesNotKnow() throws IOException {
    ObjectNode wrong = document.deepCopy();
    ((ObjectNode) wrong.at("/channels/reviews")).put("adress", "reviews");
    assertThat(schema().validate(wrong)).isNotEmpty();
  }

  @Test
  void everyReferenceLeadsSomewhere() {
    for (JsonNode reference : document.findValues("$ref")) {
      String pointer = reference.asText();
      assertThat(pointer).startsWith("#/");
      assertThat(document.at(pointer.substring(1)).isMissingNode()).as(pointer).isFalse();
    }
    assertThat(Topics.DEFAULT.all(1, (short) 1))
        .extracting(TopicSpec::name)
        .allSatisfy(name -> assertThat(document.get("channels").has(name)).isTrue());
  }

  private static JsonSchema schema() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(AsyncApiTest.class.getResourceAsStream("asyncapi-3.0.0.json"))) {
      return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V7).getSchema(in);
    }
  }
}
