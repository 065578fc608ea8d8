package dev.weir.trainer.fit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.encoder.TokenBatch;
import dev.weir.trainer.lora.BoundAdapter;
import dev.weir.trainer.lora.Parameter;
import dev.weir.trainer.lora.TrainableAdapter;
import dev.weir.trainer.serving.Checkpoint;
import dev.weir.trainer.torch.TorchRuntime;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains LoRA and head together by cross-entropy. After each epoch two candidates are judged on a
 * validation part: the running average of the parameters, and what lies halfway between it and the
 * start (WiSE-FT, Wortsman et al., CVPR 2022), which keeps more of what the start knew about texts
 * of other kinds. The best of all is kept, the start among them: an adapter never ends below its
 * start there. Without a validation part it is the last epoch's: of few examples the last halfway
 * point that suits what was learned from better than the start does.
 *
 * <p>All state that outlives a step is on the Java heap; the arrays of a step die with it. A step
 * whose loss or gradient is not finite is counted and skipped. One thread per instance.
 */
final class FineTuner {

  private static final Logger LOG = LoggerFactory.getLogger(FineTuner.class);

  private final BertEncoder encoder;
  private final TrainingOptions options;
  private final FitProgress.Listener listener;
  private final BooleanSupplier cancelled;
  private final Checkpoint checkpoint;

  FineTuner(
      BertEncoder encoder,
      TrainingOptions options,
      FitProgress.Listener listener,
      BooleanSupplier cancelled,
      Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
    this.encoder = encoder;
    this.options = options;
    this.listener = listener;
    this.cancelled = cancelled;
  }

  /**
   * What a fine-tuning yields.
   *
   * @param weights those of the best epoch
   * @param bestEpoch 0 for the start itself
   * @param steps optimizer steps taken or skipped
   * @param nonFiniteSteps of these, skipped ones
   * @param examplesPerSecond training speed, validation not counted
   * @param trainableParameters how many numbers were trained
   */
  record Outcome(
      AdapterWeights weights,
      int bestEpoch,
      int steps,
      int nonFiniteSteps,
      double examplesPerSecond,
      long trainableParameters) {}

  /**
   * Trains from {@code start}.
   *
   * @param validation may be empty: then one of the last epoch's candidates is taken
   * @throws CancellationException if the training was called off
   */
  Outcome fit(TrainableAdapter start, EncodedExamples train, EncodedExamples validation) {
    TorchRuntime.reseed(options.seed());
    return new Run(start, train, validation).all();
  }

  /** The state of one fine-tuning. */
  private final class Run {
    private final TrainableAdapter adapter;
    private final EncodedExamples train;
    private final FrozenPrefix trainPrefix;

    /** Too few examples for a validation part: candidates are judged on what they learned from. */
    private final boolean few;

    private final EncodedExamples judged;
    private final FrozenPrefix judgedPrefix;
    private final AdamW optimizer;
    private final ParameterAverage average;
    private final CrossEntropy objective;
    private final int steps;
    private final int warmupSteps;
    private int step;
    private int nonFinite;
    private long examples;
    private long nanos;
    private double epochLoss;
    private int epochSteps;

    Run(TrainableAdapter adapter, EncodedExamples train, EncodedExamples validation) {
      this.adapter = adapter;
      this.train = train;
      this.few = validation.size() == 0 && train.size() < TrainingOptions.MIN_FOR_VALIDATION;
      this.judged = few ? train : validation;
      long budget = Runtime.getRuntime().maxMemory() / 6;
      int first = adapter.firstLayer();
      this.trainPrefix = new FrozenPrefix(encoder, first, train.tokens(), budget);
      this.judgedPrefix =
          few ? trainPrefix : new FrozenPrefix(encoder, first, validation.tokens(), budget / 4);
      this.optimizer = new AdamW(adapter.parameters(), options.weightDecay(), options.anchoring());
      this.average = new ParameterAverage(adapter.parameters(), options.averaging());
      this.objective = CrossEntropy.of(options, adapter.labels(), train.labels());
      int perEpoch = (train.size() + options.batchSize() - 1) / options.batchSize();
      this.steps = perEpoch * options.epochs();
      this.warmupSteps = Math.max(1, (int) Math.round(steps * options.warmup()));
    }

    Outcome all() {
      Random random = new Random(options.seed());
      List<Parameter> start = adapter.snapshot();
      Candidate first = candidate(0, start);
      Candidate best = first;
      for (int epoch = 1; epoch <= options.epochs() && goesOn(epoch, best); epoch++) {
        epochLoss = 0;
        epochSteps = 0;
        for (int[] batch : BatchPlanner.epoch(train.tokens(), options.batchSize(), random)) {
          if (cancelled.getAsBoolean()) {
            throw new CancellationException("the training was called off at step " + step);
          }
          timedStep(batch);
        }
        LOG.info(
            "epoch {} of {}: training loss {}",
            epoch,
            options.epochs(),
            epochLoss / Math.max(1, epochSteps));
        best = few ? halfway(epoch, first, best) : chosen(epoch, start, best);
      }
      AdapterWeights weights = TrainableAdapter.restored(adapter, best.parameters()).weights();
      double perSecond = nanos == 0 ? 0 : examples / (nanos / 1e9);
      return new Outcome(weights, best.epoch(), step, nonFinite, perSecond, adapter.count());
    }

    /** Epochs that brought nothing end the training. */
    private boolean goesOn(int epoch, Candidate best) {
      return judged.size() == 0 || epoch - best.epoch() <= options.patience();
    }

    /**
     * With few examples there is no telling how far to go, and halfway is the safer guess; that
     * they suit it no better than the start tells a training that went astray.
     */
    private Candidate halfway(int epoch, Candidate first, Candidate best) {
      Candidate half = candidate(epoch, average.halfway(first.parameters()));
      LOG.info("on its own examples: halfway {}, start {}", half.validation(), first.validation());
      return half.validation().betterThan(first.validation()) ? half : best;
    }

    private Candidate chosen(int epoch, List<Parameter> start, Candidate best) {
      Candidate whole = candidate(epoch, average.snapshot());
      if (judged.size() == 0) {
        return whole;
      }
      Candidate half = candidate(epoch, average.halfway(start));
      LOG.info(
          "validation {}, halfway {}, best before {}",
          whole.validation(),
          half.validation(),
          best.validation());
      return half.better(whole.better(best));
    }

    private Candidate candidate(int epoch, List<Parameter> parameters) {
      return new Candidate(epoch, parameters, judge(parameters));
    }

    private void timedStep(int[] batch) {
      long began = System.nanoTime();
      step(batch);
      nanos += System.nanoTime() - began;
      examples += batch.length;
      double seconds = nanos / 1e9;
      listener.progress(
          new FitProgress(
              step,
              steps,
              epochLoss / Math.max(1, epochSteps),
              examples / seconds,
              seconds / step * (steps - step)));
    }

    private void step(int[] batch) {
      double factor = options.schedule().factor(step, warmupSteps, steps);
      step++;
      try (NDManager arrays = encoder.newStep()) {
        BoundAdapter bound = adapter.bind(arrays, true);
        double loss = 0;
        double total = objective.weight(train.labels(), batch);
        for (int[] part : BatchPlanner.split(batch, train.tokens(), options.microBatchTokens())) {
          loss += backward(arrays, bound, part, total);
          checkpoint.reached();
        }
        List<float[]> gradients = bound.gradients();
        double norm = AdamW.norm(gradients);
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
          nonFinite++;
          LOG.warn("step {} skipped: loss {}, gradient norm {}", step, loss, norm);
          return;
        }
        epochLoss += loss;
        epochSteps++;
        double scale = options.clip() > 0 && norm > options.clip() ? options.clip() / norm : 1;
        optimizer.step(
            gradients, scale, options.learningRate() * factor, options.headLearningRate() * factor);
        average.add();
      }
    }

    /** Adds a part's gradients; returns its share of the batch's mean loss. */
    private double backward(NDManager step, BoundAdapter bound, int[] part, double total) {
      try (NDManager pass = step.newSubManager();
          TorchRuntime.GradientMode on = TorchRuntime.gradients(true)) {
        NDArray logits = logits(pass, bound, train, trainPrefix, part, on);
        int classes = (int) logits.getShape().get(1);
        float[] factors = objective.factors(train.labels(), part, total);
        NDArray wanted = TorchRuntime.own(pass, factors, part.length, classes);
        NDArray loss = logits.logSoftmax(-1).mul(wanted).sum();
        TorchRuntime.backward(loss);
        return loss.getFloat();
      }
    }

    private NDArray logits(
        NDManager pass,
        BoundAdapter bound,
        EncodedExamples of,
        FrozenPrefix prefix,
        int[] rows,
        TorchRuntime.GradientMode mode) {
      int[][] tokens = of.rows(rows).tokens().toArray(int[][]::new);
      TokenBatch batch = TokenBatch.of(pass, tokens, encoder.config().padTokenId());
      NDArray entering = prefix.enter(rows, batch);
      boolean training = mode.on();
      NDArray pooled = encoder.pooled(entering, adapter.firstLayer(), batch, bound, training);
      return bound.logits(pooled);
    }

    private Validation judge(List<Parameter> parameters) {
      float[][] logits = new float[judged.size()][];
      if (logits.length == 0) {
        return Validation.of(logits, judged.labels());
      }
      try (NDManager arrays = encoder.newStep();
          TorchRuntime.GradientMode off = TorchRuntime.gradients(false)) {
        BoundAdapter bound = TrainableAdapter.restored(adapter, parameters).bind(arrays, false);
        for (int[] part : BatchPlanner.byTokens(judged.tokens(), options.microBatchTokens())) {
          try (NDManager pass = arrays.newSubManager()) {
            NDArray answer = logits(pass, bound, judged, judgedPrefix, part, off);
            int classes = (int) answer.getShape().get(1);
            float[] flat = answer.toFloatArray();
            for (int i = 0; i < part.length; i++) {
              logits[part[i]] = Arrays.copyOfRange(flat, i * classes, (i + 1) * classes);
            }
          }
          checkpoint.reached();
        }
      }
      return Validation.of(logits, judged.labels());
    }
  }

  /** The parameters after an epoch, or halfway there; epoch 0 is the start. */
  private record Candidate(int epoch, List<Parameter> parameters, Validation validation) {
    Candidate better(Candidate than) {
      return validation.betterThan(than.validation) ? this : than;
    }
  }
}
