package dev.weir.curation.resolve;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.curation.deadletter.Faults;
import dev.weir.curation.deadletter.KnownFaults;
import dev.weir.curation.deadletter.Original;
import dev.weir.curation.deadletter.ReadableSerde;
import dev.weir.curation.deadletter.Screened;
import dev.weir.curation.deadletter.Screened.Passed;
import dev.weir.curation.deadletter.Screened.Refused;
import dev.weir.curation.meter.CurationMeters;
import dev.weir.curation.resolve.Resolution.Missing;
import dev.weir.curation.resolve.Resolution.Resolved;
import dev.weir.curation.resolve.Resolution.Unusable;
import dev.weir.curation.resolve.ReviewEvent.AnswerServed;
import dev.weir.curation.resolve.ReviewEvent.FeedbackGiven;
import dev.weir.curation.resolve.ReviewEvent.ReviewSeen;
import dev.weir.service.trace.Tracing;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings feedback together with its review and the answer that was served, whichever comes first.
 *
 * <pre>
 * feedback ──► resolvable? ──yes──► labeled text, keyed by adapter
 *                  │ no: something may yet come        ▲ its review or answer comes
 *                  └────► waiting ─────────────────────┤
 *                                                      └──► dead letter, when its time is over
 * </pre>
 *
 * <p>Times are wall clock: a deadline passes in silence too.
 */
public final class ReviewResolver
    implements Processor<String, ReviewEvent, String, Screened<Candidate>> {

  private static final Logger LOG = LoggerFactory.getLogger(ReviewResolver.class);

  /** Store of reviews by id. */
  public static final String REVIEWS = "reviews";

  /** Store of the last answer by review id. */
  public static final String ANSWERS = "answers";

  /** Store of waiting feedback by review id. */
  public static final String WAITING = "waiting-feedback";

  /** Store of the deadlines of waiting feedback, in order. */
  public static final String DEADLINES = "waiting-deadlines";

  /** Records that may wait in one task. */
  private static final int MAX_WAITING = 1_000_000;

  /** Waiting records that are looked at while their review is handled; the rest follows. */
  private static final int SETTLED_AT_ONCE = 50;

  /** Waiting records that one call of a timer looks at, and how often it is called. */
  private static final int SETTLED_BY_TIMER = 1000;

  private static final Duration SETTLE_EVERY = Duration.ofMillis(100);
  private static final int EXPIRED_AT_ONCE = 1000;
  private static final Duration EXPIRING_AT_MOST = Duration.ofMillis(100);

  private final FeedbackResolver resolver;
  private final Duration wait;
  private final Duration retention;
  private final Duration checkEvery;
  private final KnownFaults faults;
  private final Counter buffered;
  private final Counter unread;
  private final String feedbackTopic;
  private ProcessorContext<String, Screened<Candidate>> context;
  private TimestampedKeyValueStore<String, ReviewSeen> reviews;
  private TimestampedKeyValueStore<String, AnswerServed> answers;
  private WaitingFeedback waiting;

  /**
   * A resolver.
   *
   * @param catalog adapters and their labels
   * @param wait how long feedback waits for what it needs
   * @param retention how long reviews and answers are kept
   * @param checkEvery how often deadlines are looked at
   * @param registry counts what has to wait
   * @param faults names records whose candidates could not be written
   * @param feedbackTopic where feedback comes from
   */
  @SuppressWarnings("NullAway.Init") // init comes before any record
  public ReviewResolver(
      AdapterCatalog catalog,
      Duration wait,
      Duration retention,
      Duration checkEvery,
      MeterRegistry registry,
      KnownFaults faults,
      String feedbackTopic) {
    this.feedbackTopic = feedbackTopic;
    this.faults = faults;
    this.resolver = new FeedbackResolver(catalog);
    this.wait = wait;
    this.retention = retention;
    this.checkEvery = checkEvery;
    this.buffered = CurationMeters.BUFFERED.counter(registry);
    this.unread = CurationMeters.INTERNAL_ERRORS.counter(registry, "waiting-form");
  }

  @Override
  public void init(ProcessorContext<String, Screened<Candidate>> context) {
    this.context = context;
    reviews = context.getStateStore(REVIEWS);
    answers = context.getStateStore(ANSWERS);
    waiting =
        new WaitingFeedback(
            context.getStateStore(WAITING),
            context.getStateStore(DEADLINES),
            MAX_WAITING,
            feedbackTopic,
            unread);
    context.schedule(checkEvery, PunctuationType.WALL_CLOCK_TIME, this::expire);
    context.schedule(
        SETTLE_EVERY,
        PunctuationType.WALL_CLOCK_TIME,
        nowMs -> waiting.goOn(SETTLED_BY_TIMER, this::settledSafely));
    RetentionSweep<ReviewSeen> oldReviews = new RetentionSweep<>(reviews, retention);
    RetentionSweep<AnswerServed> oldAnswers = new RetentionSweep<>(answers, retention);
    context.schedule(
        RetentionSweep.EVERY,
        PunctuationType.WALL_CLOCK_TIME,
        nowMs -> {
          oldReviews.run(nowMs);
          oldAnswers.run(nowMs);
        });
  }

  @Override
  public void process(Record<String, ReviewEvent> record) {
    String id = record.key();
    ReviewEvent event = record.value();
    if (id == null || event == null) {
      context.forward(
          new Record<>(
              "",
              ReadableSerde.refused(record, context.recordMetadata().orElseThrow()),
              record.timestamp()));
    } else if (event instanceof FeedbackGiven given) {
      if (!settled(given.original())) {
        await(id, given.original());
      }
    } else if (event instanceof ReviewSeen review) {
      reviews.put(id, seenNow(review));
      settleWaiting(id);
    } else if (event instanceof AnswerServed answer) {
      answers.put(id, seenNow(answer.in(Tracing.written(record.headers()))));
      settleWaiting(id);
    }
  }

  private void await(String id, Original original) {
    String full = waiting.add(id, original, context.currentSystemTimeMs() + wait.toMillis());
    if (full == null) {
      buffered.increment();
    } else {
      forward("", new Refused<>(original, Reason.TOO_MANY_WAITING, full), original);
    }
  }

  private void settleWaiting(String id) {
    if (waiting.any(id)) {
      waiting.settle(id, SETTLED_AT_ONCE, this::settledSafely);
    }
  }

  private void expire(long nowMs) {
    long until = System.nanoTime() + EXPIRING_AT_MOST.toNanos();
    int expired;
    do {
      expired = waiting.expire(nowMs, EXPIRED_AT_ONCE, this::expiredSafely, this::unreadable);
    } while (expired == EXPIRED_AT_ONCE && System.nanoTime() - until < 0);
  }

  /** Of many that are settled at once, one that our code fails on costs only itself. */
  private boolean settledSafely(Original original) {
    try {
      return settled(original);
    } catch (RuntimeException e) {
      failed(original, e);
      return true;
    }
  }

  private void expiredSafely(Original original) {
    try {
      expired(original);
    } catch (RuntimeException e) {
      failed(original, e);
    }
  }

  /** Of a later version, say, before a downgrade: what it left is kept as it is. */
  private void unreadable(Original stored, RuntimeException why) {
    String message =
        "this feedback waited for its review in a form that this version cannot read ("
            + why.getMessage()
            + "); the value is that form, the record itself is where weir.source says";
    forward("", new Refused<>(stored, Reason.INTERNAL_ERROR, message), stored);
  }

  private void failed(Original original, RuntimeException fault) {
    if (!Faults.ofRecord(fault)) {
      throw fault;
    }
    LOG.error("{} cannot be resolved", original.position(), fault);
    String message = "Weir failed on this record: " + fault + "; this is a defect: report it";
    forward("", new Refused<>(original, Reason.INTERNAL_ERROR, message), original);
  }

  private boolean settled(Original original) {
    Resolution resolution = resolve(original);
    if (resolution instanceof Resolved done) {
      Candidate candidate = new Candidate(done.labeled(), original);
      forward(done.labeled().adapter(), new Passed<>(candidate), original);
    } else if (resolution instanceof Unusable bad) {
      forward("", new Refused<>(original, bad.reason(), bad.message()), original);
    }
    return !(resolution instanceof Missing);
  }

  private void expired(Original original) {
    Resolution resolution = resolve(original);
    if (resolution instanceof Missing missing) {
      String message =
          "%s within %s; %s".formatted(missing.problem(), shown(wait), missing.remedy());
      forward("", new Refused<>(original, missing.reason(), message), original);
    } else {
      settled(original);
    }
  }

  private Resolution resolve(Original original) {
    String known = faults.why(original.position());
    if (known != null) {
      return new Unusable(Reason.INTERNAL_ERROR, known);
    }
    Parsed<Feedback> parsed = EventReader.feedback(original.key(), original.value());
    if (parsed instanceof Accepted<Feedback> good) {
      Feedback feedback = good.event();
      String id = feedback.reviewId();
      return resolver.resolve(
          feedback,
          id == null ? null : ValueAndTimestamp.getValueOrNull(reviews.get(id)),
          id == null ? null : ValueAndTimestamp.getValueOrNull(answers.get(id)),
          given(feedback, original));
    }
    // It waited while a new version with stricter rules was started.
    Rejected<Feedback> bad = (Rejected<Feedback>) parsed;
    return new Unusable(bad.reason(), bad.message());
  }

  private Instant given(Feedback feedback, Original original) {
    Instant said =
        feedback.timestamp() != null
            ? feedback.timestamp()
            : Instant.ofEpochMilli(original.timestampMs());
    // Else a clock that runs ahead would win every later conflict over the same text.
    Instant now = Instant.ofEpochMilli(context.currentSystemTimeMs());
    return said.isAfter(now) ? now : said.isBefore(Instant.EPOCH) ? Instant.EPOCH : said;
  }

  private <T> ValueAndTimestamp<T> seenNow(T value) {
    return ValueAndTimestamp.make(value, context.currentSystemTimeMs());
  }

  private void forward(String key, Screened<Candidate> screened, Original original) {
    // Its own time may be ahead of the broker's, which would refuse it.
    long time = Math.max(0, Math.min(original.timestampMs(), context.currentSystemTimeMs()));
    context.forward(new Record<>(key, screened, time));
  }

  private static String shown(Duration duration) {
    return duration.toString().substring(2).toLowerCase(java.util.Locale.ROOT);
  }
}
