package dev.weir.curation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyDescription;
import org.apache.kafka.streams.TopologyDescription.Node;
import org.apache.kafka.streams.TopologyDescription.Processor;
import org.apache.kafka.streams.TopologyDescription.Subtopology;
import org.junit.jupiter.api.Test;

/** The topology's shape is a contract with running applications: their state hangs on its names. */
class CurationTopologyTest {

  private final Topology topology =
      TestingCuration.topology(TestingCuration.config(Path.of("unused")));

  @Test
  void hasThreePartsSoThatReviewsAndAdaptersEachMeetInOneTask() {
    assertThat(topology.describe().subtopologies()).hasSize(3);
  }

  @Test
  void keepsTheNamesOfItsStores() {
    assertThat(names(true))
        .containsExactly(
            "answers",
            "curated-texts",
            "live-accuracy",
            "open-batches",
            "reviews",
            "source-counts",
            "waiting-deadlines",
            "waiting-feedback");
  }

  @Test
  void hasNoGeneratedName() {
    // Kafka Streams' own pattern: KSTREAM-MAP-0000000003.
    assertThat(names(false)).isNotEmpty().noneMatch(name -> name.matches(".*-\\d{10}.*"));
  }

  @Test
  void keepsTheNamesOfItsRepartitionTopics() {
    assertThat(topology.describe().toString())
        .contains("by-review-repartition")
        .contains("by-adapter-repartition");
  }

  private Set<String> names(boolean stores) {
    TopologyDescription description = topology.describe();
    Set<String> names = new TreeSet<>();
    for (Subtopology part : description.subtopologies()) {
      for (Node node : List.copyOf(part.nodes())) {
        if (!stores) {
          names.add(node.name());
        } else if (node instanceof Processor processor) {
          names.addAll(processor.stores());
        }
      }
    }
    return names;
  }
}
