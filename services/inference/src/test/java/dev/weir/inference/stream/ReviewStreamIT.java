package dev.weir.inference.stream;

import static dev.weir.inference.stream.TestingStreams.SOON;
import static dev.weir.inference.stream.TestingStreams.once;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.inference.stream.HookedClients.Point;
import dev.weir.inference.stream.TestingStreams.Scorers;
import dev.weir.service.ops.Health.Status;
import dev.weir.testing.TestBroker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(900)
class ReviewStreamIT {

  private static final Duration MAX_POLL_INTERVAL = Duration.ofSeconds(8);

  @TempDir Path directory;
  private TestingStreams streams = streams(Map.of());

  @AfterEach
  void close() {
    streams.close();
  }

  private static TestingStreams streams(Map<String, Object> overrides) {
    return new TestingStreams(TestBroker.bootstrapServers(), TestBroker.uniquePrefix(), overrides);
  }

  private void withSmallMaxPollInterval() {
    streams = streams(Map.of("max.poll.interval.ms", Long.toString(MAX_POLL_INTERVAL.toMillis())));
  }

  @Test
  void scorersStuckForLongerThanTheMaxPollIntervalCostTheMemberNothing() throws Exception {
    withSmallMaxPollInterval();
    streams.provision();
    streams.produce(0, 200);
    Scorers scorers = streams.scorers();
    CountDownLatch stuck = new CountDownLatch(1);
    scorers.opener().onRun(tokens -> awaitUninterruptibly(stuck));
    streams.start(streams.exactlyOnce("one"), scorers);
    try (Admin admin = streams.admin()) {
      Set<String> members = awaitMembers(admin, 1);
      double rebalances = awaitRebalances();
      await("the member stays")
          .during(MAX_POLL_INTERVAL.multipliedBy(2))
          .atMost(SOON)
          .until(() -> streams.members(admin).equals(members));
      stuck.countDown();
      streams.awaitAllCommitted();
      assertThat(streams.members(admin)).isEqualTo(members);
      assertThat(rebalances()).isEqualTo(rebalances);
    }
    assertThat(streams.answers()).isEqualTo(once(200));
  }

  @Test
  void partitionsAreGivenUpWithoutWhatStuckScorersHoldAndAnsweredByTheirNewOwner()
      throws Exception {
    withSmallMaxPollInterval();
    streams.provision();
    streams.produce(0, 200);
    Scorers slow = streams.scorers();
    CountDownLatch stuck = new CountDownLatch(1);
    slow.opener().onRun(tokens -> awaitUninterruptibly(stuck));
    streams.start(streams.exactlyOnce("slow"), slow);
    try (Admin admin = streams.admin()) {
      awaitMembers(admin, 1);
      streams.start(streams.exactlyOnce("quick"), streams.scorers());
      streams.awaitCommitted(100); // Two of the four partitions.
      stuck.countDown();
      streams.awaitAllCommitted();
      assertThat(streams.members(admin)).hasSize(2);
    }
    assertThat(streams.answers()).isEqualTo(once(200));
  }

  @ParameterizedTest
  @EnumSource(names = {"BEFORE_OFFSETS", "BEFORE_COMMIT"})
  void memberThrownOutInATransactionNeitherLosesNorDoubles(Point point) throws Exception {
    withSmallMaxPollInterval();
    streams.provision();
    streams.produce(0, 200);
    StreamConfig config = streams.exactlyOnce("slow");
    streams.start(
        config, streams.scorers(), new HookedClients(config, point, 2, this::awaitThrownOut));
    streams.awaitAllCommitted();
    assertThat(streams.answers()).isEqualTo(once(200));
  }

  /** The model fails on everything for a while: that is no review's fault. */
  @Test
  void modelThatFailsForAWhileCostsNoReviewItsAnswer() throws Exception {
    streams.provision();
    streams.produce(0, 200);
    Scorers scorers = streams.scorers();
    scorers
        .opener()
        .onRun(
            tokens -> {
              throw new IllegalStateException("the device fell off the bus");
            });
    ReviewStream stream = streams.startImpatient(streams.exactlyOnce("one"), scorers);
    await().atMost(SOON).until(() -> scorers.classifier().status() instanceof Status.Down);
    await().atMost(SOON).until(() -> stream.status().toString().contains("@0 has waited"));
    assertThat(stream.status()).isInstanceOf(Status.Down.class);
    await().atMost(SOON).until(() -> stream.standstillSeconds() > 0);
    assertThat(streams.answers()).isEmpty();
    scorers.opener().onRun(tokens -> {});
    streams.awaitAllCommitted();
    await().atMost(SOON).until(() -> stream.status() instanceof Status.Up);
    await().atMost(SOON).until(() -> stream.standstillSeconds() == 0);
    assertThat(streams.answers()).isEqualTo(once(200));
    assertThat(streams.deadLetters()).isEmpty();
  }

  /** A defect of ours on one record, and a record that unpacks to far more than it has. */
  @Test
  void recordsThatNobodyCanAnswerAreOneDeadLetterEach() throws Exception {
    streams.provision();
    streams.produce(0, 50);
    streams.produceLarge("huge", 3_000_000);
    streams.produceText("defect", "defect");
    streams.produce(50, 100);
    Scorers scorers =
        streams.scorers(
            text -> {
              if (text.equals("defect")) {
                throw new IllegalStateException("a defect of ours");
              }
            });
    ReviewStream stream = streams.start(streams.exactlyOnce("one"), scorers);
    streams.awaitAllCommitted();
    assertThat(streams.answers()).isEqualTo(once(100));
    assertThat(streams.deadLetters())
        .containsExactlyInAnyOrder("record-too-large", "internal-error");
    await().atMost(SOON).until(() -> stream.status() instanceof Status.Up);
  }

  /** What the broker refuses for its size is found out by halves. */
  @ParameterizedTest
  @EnumSource(Delivery.class)
  void answerThatCannotBeWrittenIsADeadLetterAndTheOthersAreWritten(Delivery delivery)
      throws Exception {
    streams.provision();
    streams.produce(0, 40);
    StreamConfig config = streams.config("one", delivery, 1);
    StreamClients clients =
        new StreamClients(config, 0) {
          @Override
          Map<String, Object> producerProperties() {
            Map<String, Object> properties = super.producerProperties();
            properties.put("interceptor.classes", List.of(OneTooLarge.class.getName()));
            return properties;
          }
        };
    streams.start(config, streams.scorers(), clients);
    streams.awaitAllCommitted();
    Map<String, Integer> answered = once(40);
    answered.remove("r" + OneTooLarge.REVIEW);
    assertThat(streams.answers().keySet()).isEqualTo(answered.keySet());
    assertThat(streams.deadLetters()).containsExactly("internal-error");
  }

  @Test
  void memberThrownOutBeforeItsCommitLosesNothingAtLeastOnce() throws Exception {
    withSmallMaxPollInterval();
    streams.provision();
    streams.produce(0, 200);
    StreamConfig config = streams.config("slow", Delivery.AT_LEAST_ONCE, 1);
    streams.start(
        config,
        streams.scorers(),
        new HookedClients(config, Point.BEFORE_FLUSH, 2, this::awaitThrownOut));
    streams.awaitAllCommitted();
    Map<String, Integer> answers = streams.answers();
    assertThat(answers.keySet()).isEqualTo(once(200).keySet());
    // The second poll was written and acknowledged, and its offsets were refused.
    assertThat(answers.values().stream().mapToInt(count -> count).sum())
        .isBetween(201, 200 + TestingStreams.POLL_RECORDS);
  }

  @Test
  void atLeastOnceDoublesNothingWhereNothingFails() throws Exception {
    streams.provision();
    streams.produce(0, 100);
    Scorers scorers = streams.scorers();
    StreamConfig config = streams.config("one", Delivery.AT_LEAST_ONCE, 2);
    ReviewStreams first = streams.startAll(config, scorers);
    streams.awaitCommitted(20);
    first.close();
    streams.produce(100, 200);
    streams.startAll(config, scorers);
    streams.awaitAllCommitted();
    assertThat(streams.answers()).isEqualTo(once(200));
  }

  @Test
  void producerThatIsFencedInATransactionRecovers() throws Exception {
    streams.provision();
    streams.produce(0, 200);
    StreamConfig config = streams.exactlyOnce("one");
    CountDownLatch fenced = new CountDownLatch(1);
    streams.start(
        config,
        streams.scorers(),
        new HookedClients(
            config,
            Point.BEFORE_COMMIT,
            2,
            producer -> {
              producer.flush();
              try (KafkaProducer<byte[], byte[]> other = new StreamClients(config, 0).producer()) {
                other.initTransactions();
              }
              fenced.countDown();
            }));
    streams.awaitAllCommitted();
    assertThat(fenced.getCount()).isZero();
    assertThat(streams.answers()).isEqualTo(once(200));
  }

  @Test
  void streamsOfSeveralProcessesShareThePartitions() throws Exception {
    streams.provision();
    try (Admin admin = streams.admin()) {
      ReviewStreams first =
          streams.startAll(streams.config("first", Delivery.EXACTLY_ONCE, 2), streams.scorers());
      awaitMembers(admin, 2);
      streams.produce(0, 300);
      ReviewStreams second =
          streams.startAll(streams.config("second", Delivery.EXACTLY_ONCE, 2), streams.scorers());
      awaitMembers(admin, 4);
      streams.produce(300, 600);
      await().atMost(SOON).until(() -> second.status() instanceof Status.Up);
      streams.awaitCommitted(350);
      first.close();
      assertThat(first.status()).isEqualTo(new Status.Down("closed"));
      streams.produce(600, 700);
      streams.awaitAllCommitted();
    }
    assertThat(streams.answers()).isEqualTo(once(700));
  }

  @ParameterizedTest
  @ValueSource(strings = {"same", "another"})
  void crashInATransactionNeitherLosesNorDoubles(String successor) throws Exception {
    streams = streams(CrashInTransaction.OVERRIDES);
    streams.provision();
    streams.produce(0, 200);
    Path log = directory.resolve("process.log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                CrashInTransaction.class.getName(),
                TestBroker.bootstrapServers(),
                streams.topics().prefix(),
                "same")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
      String output = Files.readString(log);
      assertThat(process.exitValue()).as(() -> output).isEqualTo(CrashInTransaction.EXIT_CODE);
    } finally {
      process.destroyForcibly();
    }
    // Otherwise this would not be the crash that is meant.
    assertThat(streams.answers("read_uncommitted")).hasSizeGreaterThan(streams.answers().size());

    streams.start(streams.exactlyOnce(successor), streams.scorers());
    streams.awaitAllCommitted();
    assertThat(streams.answers()).isEqualTo(once(200));
  }

  private void awaitThrownOut(KafkaProducer<byte[], byte[]> producer) {
    try (Admin admin = streams.admin()) {
      await("the member is thrown out")
          .atMost(SOON)
          .ignoreExceptionsInstanceOf(ExecutionException.class)
          .until(() -> streams.members(admin).isEmpty());
    }
  }

  private Set<String> awaitMembers(Admin admin, int count) {
    return await(count + " members")
        .atMost(SOON)
        .ignoreExceptionsInstanceOf(ExecutionException.class)
        .until(() -> streams.members(admin), members -> members.size() == count);
  }

  /** Waits until the one consumer has taken part in a rebalance; returns how many there were. */
  private double awaitRebalances() {
    return await("a rebalance").atMost(SOON).until(this::rebalances, count -> count >= 1);
  }

  private double rebalances() {
    return streams
        .meters()
        .get("kafka.consumer.coordinator.rebalance.total")
        .meter()
        .measure()
        .iterator()
        .next()
        .getValue();
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
