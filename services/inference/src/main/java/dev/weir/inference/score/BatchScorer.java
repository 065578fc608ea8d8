package dev.weir.inference.score;

import dev.weir.contract.release.AdapterId;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.Lease;
import dev.weir.inference.slot.ServingAdapter;
import dev.weir.inference.slot.ServingState;
import dev.weir.service.ops.LoggedText;
import dev.weir.service.trace.LogContext;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one micro-batch under one lease and answers its rows.
 *
 * <p>Each answer carries the version whose slot the lease covers, so a swap during the run changes
 * nothing about it. Rows of a version that is evicted are handed back: no worker waits for a load.
 *
 * <p>When a run fails, or gives a row no finite number, the rows concerned are run again: apart by
 * version first, then by halves. Before a version's rows are halved, and before one of them is
 * given up, {@link Triage} tries the version on a sentence that is known to be good. A version that
 * fails on that is suspended, and its rows are handed back; only a row that fails alone, and again,
 * while its version works, is given up. Thread-safe; workers share it.
 */
final class BatchScorer {

  private static final Logger LOG = LoggerFactory.getLogger(BatchScorer.class);

  private final AdapterRegistry registry;
  private final VersionRouter router;
  private final Tokenizer tokenizer;
  private final Triage triage;
  private final ScoreMeters meters;

  BatchScorer(
      AdapterRegistry registry,
      VersionRouter router,
      Tokenizer tokenizer,
      Triage triage,
      ScoreMeters meters) {
    this.registry = registry;
    this.router = router;
    this.tokenizer = tokenizer;
    this.triage = triage;
    this.meters = meters;
  }

  /**
   * The rows of a batch that were not answered.
   *
   * @param evicted rows by the evicted version that they want
   * @param suspended rows by what suspends the version that they want
   */
  record Held(Map<ServingAdapter, List<Row>> evicted, Map<Suspension, List<Row>> suspended) {

    private Held() {
      this(new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    private void evicted(ServingAdapter version, Row row) {
      evicted.computeIfAbsent(version, any -> new ArrayList<>()).add(row);
    }

    private void suspended(Suspension suspension, Row row) {
      suspended.computeIfAbsent(suspension, any -> new ArrayList<>()).add(row);
    }
  }

  /** Rows that ran together. */
  private static final class Run {

    private final List<Row> rows;
    private final List<int[]> tokens;
    private final List<ServingAdapter> serving;

    Run(int size) {
      rows = new ArrayList<>(size);
      tokens = new ArrayList<>(size);
      serving = new ArrayList<>(size);
    }

    void add(Row row, int[] ids, ServingAdapter version) {
      rows.add(row);
      tokens.add(ids);
      serving.add(version);
    }
  }

  /** What is known of rows whose run failed. */
  private enum Known {
    /** Nothing. */
    NOTHING,
    /** Their version scores other texts. */
    VERSION_WORKS,
    /** The same, and a row that is alone has failed before. */
    FAILED_BEFORE
  }

  /**
   * Answers every row whose version is in memory and works, whatever happens short of an {@link
   * Error}.
   *
   * @return the other rows
   */
  Held score(List<Row> batch) {
    Held held = new Held();
    score(batch, held, Known.NOTHING);
    return held;
  }

  /** Has an evicted version loaded; see {@link AdapterRegistry#page}. */
  CompletableFuture<Void> page(ServingAdapter version) {
    return registry.page(version.id());
  }

  private void score(List<Row> batch, Held held, Known known) {
    Run run = new Run(batch.size());
    float[][] logits;
    try {
      logits = run(batch, run, held);
    } catch (RuntimeException e) {
      failed(run.rows.isEmpty() ? batch : run.rows, run.serving, e, held, known);
      return;
    }
    List<Row> unscored = new ArrayList<>(0);
    List<ServingAdapter> versions = new ArrayList<>(0);
    RuntimeException problem = null;
    for (int i = 0; i < run.rows.size(); i++) {
      ServingAdapter version = run.serving.get(i);
      Answer answer;
      try {
        answer = answer(version, logits[i]);
      } catch (RuntimeException e) {
        unscored.add(run.rows.get(i));
        versions.add(version);
        problem = e;
        continue;
      }
      triage.answered(version);
      run.rows.get(i).answer(answer);
    }
    if (problem != null) {
      meters.runFailed(versions.get(0).precision());
      // A row that was not alone may owe its numbers to the others: it has not failed alone yet.
      boolean alone = run.rows.size() == 1;
      failed(unscored, versions, problem, held, alone ? known : atMost(known));
    }
  }

  private static Known atMost(Known known) {
    return known == Known.FAILED_BEFORE ? Known.VERSION_WORKS : known;
  }

  /**
   * Goes on with rows whose run failed.
   *
   * @param serving the version of each row; empty when the run failed before these were known
   */
  private void failed(
      List<Row> rows,
      List<ServingAdapter> serving,
      RuntimeException problem,
      Held held,
      Known known) {
    LOG.debug("a run of {} rows failed", rows.size(), problem);
    if (serving.isEmpty()) {
      if (rows.size() == 1) {
        giveUp(rows.get(0), problem, Answer.Failed.INTERNAL_ERROR);
      } else {
        halves(rows, held, known);
      }
      return;
    }
    Map<ServingAdapter, List<Row>> byVersion = new LinkedHashMap<>();
    for (int i = 0; i < rows.size(); i++) {
      byVersion.computeIfAbsent(serving.get(i), any -> new ArrayList<>()).add(rows.get(i));
    }
    if (byVersion.size() > 1) {
      List<List<Row>> apart = List.copyOf(byVersion.values());
      int half = apart.size() / 2;
      score(apart.subList(0, half).stream().flatMap(List::stream).toList(), held, known);
      score(apart.subList(half, apart.size()).stream().flatMap(List::stream).toList(), held, known);
      return;
    }
    failed(serving.get(0), rows, problem, held, known);
  }

  private void failed(
      ServingAdapter version, List<Row> rows, RuntimeException problem, Held held, Known known) {
    // A run that fails may end what worked a moment ago: asked again before a row is given up.
    if (known == Known.NOTHING || rows.size() == 1) {
      RuntimeException broken = triage.probe(version);
      if (broken != null) {
        Suspension suspension = triage.suspend(version, broken.toString(), true);
        rows.forEach(row -> hold(row, suspension, held));
        return;
      }
    }
    if (rows.size() > 1) {
      halves(rows, held, Known.VERSION_WORKS);
    } else if (known != Known.FAILED_BEFORE) {
      score(rows, held, Known.FAILED_BEFORE);
    } else if (triage.failedAlone(version, problem)) {
      giveUp(rows.get(0), problem, Answer.Failed.SCORING_FAILED);
    } else {
      Suspension rest = triage.suspension(version);
      if (rest == null) {
        giveUp(rows.get(0), problem, Answer.Failed.SCORING_FAILED);
      } else {
        hold(rows.get(0), rest, held);
      }
    }
  }

  private void halves(List<Row> rows, Held held, Known known) {
    int half = rows.size() / 2;
    score(List.copyOf(rows.subList(0, half)), held, known);
    score(List.copyOf(rows.subList(half, rows.size())), held, known);
  }

  private static void giveUp(Row row, RuntimeException problem, String reason) {
    Query query = row.query();
    LogContext about = LogContext.of("review", query.reviewId()).with("adapter", query.adapter());
    LOG.warn(
        "review {} of {} tokens could not be scored: {}",
        LoggedText.of(query.reviewId()),
        row.length(),
        LoggedText.of(query.text()),
        problem);
    about.close();
    row.answer(new Answer.Failed(problem, reason));
  }

  private static void hold(Row row, Suspension suspension, Held held) {
    if (row.query().shadow() != null) {
      // What a shadow says is nobody's answer: it is left out.
      row.answer(Abstentions.unavailable(suspension.version().id(), suspension.problem()));
    } else if (row.source() == Source.HTTP) {
      row.drop(suspension.problem());
    } else {
      held.suspended(suspension, row);
    }
  }

  /** Runs those rows of a batch that can be run, and answers or hands back the others. */
  private float[][] run(List<Row> batch, Run run, Held held) {
    List<Optional<AdapterId>> chosen = new ArrayList<>(batch.size());
    try (Lease lease = registry.lease(state -> choose(batch, state, chosen))) {
      List<Runnable> others = new ArrayList<>(0);
      for (int i = 0; i < batch.size(); i++) {
        Row row = batch.get(i);
        ServingAdapter adapter = chosen.get(i).map(lease::version).orElse(null);
        ServingAdapter inService = chosen.get(i).flatMap(lease.state()::version).orElse(null);
        Suspension suspension = inService == null ? null : triage.suspension(inService);
        if (row.submission().caller().gone()) {
          others.add(() -> row.drop(new CallerGoneException()));
        } else if (row.submission().done().isDone()) {
          others.add(row::drop); // Refused as a whole.
        } else if (suspension != null) {
          others.add(() -> hold(row, suspension, held));
        } else if (adapter != null) {
          int[] tokens = tokens(row, adapter, others, held);
          if (tokens != null) {
            run.add(row, tokens, adapter);
          }
        } else if (inService != null) {
          others.add(() -> held.evicted(inService, row));
        } else {
          // Withdrawn since it was queued.
          others.add(() -> row.answer(Abstentions.noneInService(row.query().adapter())));
        }
      }
      others.forEach(Runnable::run);
      return run.rows.isEmpty() ? new float[0][] : run(lease, run);
    }
  }

  /** Chooses each row's version from one state; starts over when it is asked again. */
  private Set<AdapterId> choose(
      List<Row> batch, ServingState state, List<Optional<AdapterId>> chosen) {
    chosen.clear();
    Set<AdapterId> all = new HashSet<>();
    for (Row row : batch) {
      Query query = row.query();
      Optional<ServingAdapter> version =
          query.shadow() == null
              ? router.answering(state, query.adapter(), query.reviewId())
              : state.version(query.shadow());
      chosen.add(version.map(ServingAdapter::id));
      version.ifPresent(adapter -> all.add(adapter.id()));
    }
    return all;
  }

  private float[][] run(Lease lease, Run run) {
    int longest = run.tokens.stream().mapToInt(row -> row.length).max().orElse(0);
    meters.batch(run.tokens.size(), longest * run.tokens.size());
    try {
      return lease.run(run.tokens.toArray(int[][]::new), run.serving);
    } catch (RuntimeException e) {
      meters.runFailed(run.serving.get(0).precision());
      throw e;
    }
  }

  /**
   * The queued tokens, unless a version with another token limit has taken over meanwhile; null
   * where the text cannot be tokenised for that one, which costs no other row its answer.
   */
  private int @Nullable [] tokens(
      Row row, ServingAdapter adapter, List<Runnable> others, Held held) {
    Query query = row.query();
    if (adapter.limit().equals(query.limit())) {
      return query.tokens();
    }
    try {
      return tokenizer.encode(query.text(), adapter.limit());
    } catch (RuntimeException e) {
      others.add(() -> untokenised(row, adapter, e, held));
      return null;
    }
  }

  private void untokenised(Row row, ServingAdapter adapter, RuntimeException problem, Held held) {
    RuntimeException broken = triage.probe(adapter);
    if (broken == null) {
      giveUp(row, problem, Answer.Failed.INTERNAL_ERROR);
    } else {
      hold(row, triage.suspend(adapter, broken.toString(), true), held);
    }
  }

  private Answer answer(ServingAdapter adapter, float[] logits) {
    return new Answer.Scored(
        adapter.id(),
        adapter.digest(),
        adapter.labels(),
        Probabilities.of(logits, adapter.labels().size(), adapter.temperature()),
        router.abstainBelow(adapter.id().adapter()),
        null);
  }
}
