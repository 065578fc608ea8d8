package dev.weir.inference.score;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.ops.LoggedText;
import dev.weir.common.trace.LogContext;
import dev.weir.inference.adapter.AdapterRegistry;
import dev.weir.inference.adapter.Lease;
import dev.weir.inference.adapter.ServingAdapter;
import dev.weir.inference.adapter.ServingState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one micro-batch under one lease and answers its rows.
 *
 * <p>Each answer carries the version whose slot the lease covers, so a swap during the run changes
 * nothing about it. Rows of a version that is evicted are handed back: no worker waits for a load.
 * When a run fails, its rows are run one by one: only a row that fails alone is given up.
 * Thread-safe; workers share it.
 */
final class BatchScorer {

  private static final Logger LOG = LoggerFactory.getLogger(BatchScorer.class);

  private final AdapterRegistry registry;
  private final VersionRouter router;
  private final Tokenizer tokenizer;
  private final ScoreMeters meters;

  BatchScorer(
      AdapterRegistry registry, VersionRouter router, Tokenizer tokenizer, ScoreMeters meters) {
    this.registry = registry;
    this.router = router;
    this.tokenizer = tokenizer;
    this.meters = meters;
  }

  /**
   * Answers every row whose version is in memory, whatever happens short of an {@link Error}.
   *
   * @return the other rows, by the evicted version that they want
   */
  Map<ServingAdapter, List<Row>> score(List<Row> batch) {
    Map<ServingAdapter, List<Row>> evicted = new LinkedHashMap<>();
    score(batch, evicted);
    return evicted;
  }

  private void score(List<Row> batch, Map<ServingAdapter, List<Row>> evicted) {
    Map<ServingAdapter, List<Row>> missing = new LinkedHashMap<>();
    Map<Row, Answer> answers;
    try {
      answers = run(batch, missing);
    } catch (RuntimeException e) {
      if (batch.size() == 1) {
        Query query = batch.get(0).query();
        LogContext about =
            LogContext.of("review", query.reviewId()).with("adapter", query.adapter());
        LOG.warn(
            "review {} of {} tokens could not be scored: {}",
            query.reviewId(),
            batch.get(0).length(),
            LoggedText.of(query.text()),
            e);
        about.close();
        answers = Map.of(batch.get(0), new Answer.Failed(e));
      } else {
        LOG.warn("a batch of {} rows failed; running them one by one", batch.size(), e);
        batch.forEach(row -> score(List.of(row), evicted));
        return;
      }
    }
    answers.forEach(Row::answer);
    missing.forEach(
        (version, rows) -> evicted.computeIfAbsent(version, v -> new ArrayList<>()).addAll(rows));
  }

  /** Has an evicted version loaded; see {@link AdapterRegistry#page}. */
  CompletableFuture<Void> page(ServingAdapter version) {
    return registry.page(version.id());
  }

  private Map<Row, Answer> run(List<Row> batch, Map<ServingAdapter, List<Row>> missing) {
    Map<Row, Answer> answers = new LinkedHashMap<>();
    List<Optional<AdapterId>> chosen = new ArrayList<>(batch.size());
    try (Lease lease = registry.lease(state -> choose(batch, state, chosen))) {
      List<Row> rows = new ArrayList<>(batch.size());
      List<int[]> tokens = new ArrayList<>(batch.size());
      List<ServingAdapter> serving = new ArrayList<>(batch.size());
      for (int i = 0; i < batch.size(); i++) {
        Row row = batch.get(i);
        ServingAdapter adapter = chosen.get(i).map(lease::version).orElse(null);
        ServingAdapter inService = chosen.get(i).flatMap(lease.state()::version).orElse(null);
        if (adapter != null) {
          rows.add(row);
          serving.add(adapter);
          tokens.add(tokens(row.query(), adapter));
        } else if (inService != null) {
          missing.computeIfAbsent(inService, version -> new ArrayList<>()).add(row);
        } else {
          // Withdrawn since it was queued.
          answers.put(row, Abstentions.noneInService(row.query().adapter()));
        }
      }
      if (!rows.isEmpty()) {
        float[][] logits = run(lease, tokens, serving);
        for (int i = 0; i < rows.size(); i++) {
          answers.put(rows.get(i), answer(serving.get(i), logits[i]));
        }
      }
    }
    return answers;
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

  private float[][] run(Lease lease, List<int[]> tokens, List<ServingAdapter> serving) {
    int longest = tokens.stream().mapToInt(row -> row.length).max().orElse(0);
    meters.batch(tokens.size(), longest * tokens.size());
    return lease.run(tokens.toArray(int[][]::new), serving);
  }

  /** The queued tokens, unless a version with another token limit has taken over meanwhile. */
  private int[] tokens(Query query, ServingAdapter adapter) {
    return adapter.limit().equals(query.limit())
        ? query.tokens()
        : tokenizer.encode(query.text(), adapter.limit());
  }

  private Answer answer(ServingAdapter adapter, float[] logits) {
    return new Answer.Scored(
        adapter.id(),
        adapter.digest(),
        adapter.labels(),
        Softmax.of(logits, adapter.labels().size(), adapter.temperature()),
        router.abstainBelow(adapter.id().adapter()),
        null);
  }
}
