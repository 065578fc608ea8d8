package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.collectingAndThen;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.Split;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.topic.DeadLetter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What holds for any sequence of feedback, reviews, answers and pauses. */
class CurationPropertyTest {

  /** One thing that happens. */
  private sealed interface Step {
    record Said(String json) implements Step {}

    record Came(int review) implements Step {}

    record Answered(int review, String label) implements Step {}

    record Pause(int seconds) implements Step {}
  }

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Integer> review = Arbitraries.integers().between(0, 4);
    Arbitrary<Integer> text = Arbitraries.integers().between(0, 9);
    Arbitrary<String> label = Arbitraries.of("positive", "NEG", "negative", "unheard of");
    Arbitrary<String> source = Arbitraries.of("ann", "bob");
    Arbitrary<Step> ownText =
        Combinators.combine(text, label, source)
            .as(
                (t, l, s) ->
                    new Step.Said(
                        "{\"text\":\"text %d\",\"label\":\"%s\",\"source\":\"%s\"}"
                            .formatted(t, l, s)));
    Arbitrary<Step> onReview =
        Combinators.combine(review, label)
            .as((r, l) -> new Step.Said("{\"reviewId\":\"r%d\",\"label\":\"%s\"}".formatted(r, l)));
    Arbitrary<Step> verdict =
        Combinators.combine(review, Arbitraries.of("agree", "disagree"))
            .as(
                (r, v) ->
                    new Step.Said("{\"reviewId\":\"r%d\",\"verdict\":\"%s\"}".formatted(r, v)));
    Arbitrary<Step> broken = Arbitraries.of("", "{}", "[", "{\"text\":\"\"}").map(Step.Said::new);
    Arbitrary<Step> came = review.map(Step.Came::new);
    Arbitrary<Step> answered =
        Combinators.combine(review, Arbitraries.of("positive", "negative")).as(Step.Answered::new);
    Arbitrary<Step> pause = Arbitraries.of(1, 30, 61).map(Step.Pause::new);
    return Arbitraries.oneOf(ownText, ownText, onReview, verdict, broken, came, answered, pause)
        .list()
        .ofMaxSize(60);
  }

  @Property(tries = 25)
  void everyFeedbackEndsInOnePlaceAndBatchesCountTheirExamples(
      @ForAll("steps") List<Step> steps, @ForAll boolean quarantine) {
    try (TestingCuration curation =
        TestingCuration.with(
            "CURATION_BATCH_SIZE", "4",
            "CURATION_BATCH_MIN", "2",
            "CURATION_BATCH_AGE", "1m",
            "CURATION_REVIEW_WAIT", "1m",
            "CURATION_SOURCE_RATE", "5",
            "CURATION_CONFLICT", quarantine ? "quarantine" : "latest")) {
      int given = play(steps, curation);

      List<String> ends = new ArrayList<>();
      curation.examples().forEach(example -> ends.add(example.feedback().toString()));
      curation
          .deadLetters()
          .forEach(letter -> ends.add(TestingCuration.header(letter, DeadLetter.SOURCE)));
      assertThat(ends).doesNotHaveDuplicates();
      double dropped =
          curation.count("weir.curation.duplicates", "kind", "same-label")
              + curation.count("weir.curation.duplicates", "kind", "superseded");
      assertThat(ends.size() + dropped + curation.waiting()).isEqualTo(given);
      assertThat(curation.count("weir.curation.accepted")).isEqualTo(curation.examples().size());

      Map<String, Integer> sizes =
          curation.examples().stream()
              .collect(
                  groupingBy(
                      Example::batchId,
                      mapping(Example::key, collectingAndThen(toSet(), Set::size))));
      for (TrainingBatch batch : curation.batches()) {
        assertThat(sizes.remove(batch.id())).isEqualTo(batch.size());
      }
      assertThat(sizes).as("open batches").hasSizeLessThanOrEqualTo(1);
      assertStableSplit(curation.examples());

      curation.advance(Duration.ofMinutes(2));
      assertThat(curation.waiting()).as("waiting for ever").isZero();
    }
  }

  private static int play(List<Step> steps, TestingCuration curation) {
    int given = 0;
    for (Step step : steps) {
      if (step instanceof Step.Said said) {
        curation.feedback(("f" + given).getBytes(UTF_8), said.json().getBytes(UTF_8));
        given++;
      } else if (step instanceof Step.Came came) {
        curation.review("r" + came.review(), "text " + came.review());
      } else if (step instanceof Step.Answered answered) {
        curation.served("r" + answered.review(), "default", 1, answered.label());
      } else if (step instanceof Step.Pause pause) {
        curation.advance(Duration.ofSeconds(pause.seconds()));
      }
    }
    return given;
  }

  private static void assertStableSplit(List<Example> examples) {
    Map<String, Split> sides = new HashMap<>();
    for (Example example : examples) {
      Split before = sides.put(example.textHash(), example.split());
      assertThat(before == null ? example.split() : before).isEqualTo(example.split());
    }
  }
}
