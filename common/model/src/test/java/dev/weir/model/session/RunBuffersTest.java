package dev.weir.model.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunBuffersTest {
  private static final Set<LinearModule> TARGETS = LinearModule.parse("query,value");
  private static final SlotLayout LAYOUT = new SlotLayout(3, 4, 3, TARGETS);
  private static final LoraConfig LORA = new LoraConfig(4, 8, 0, TARGETS);
  private static final int RUNS = 60;

  @TempDir static Path directory;
  private static BaseModel base;
  private static BaseModel meanBase;

  @BeforeAll
  static void loadTinyModels() {
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("cls"), 1).toString());
    meanBase =
        BaseModel.load(
            TestingBaseModel.write(directory.resolve("mean"), 2, Pooling.MEAN).toString());
  }

  @AfterAll
  static void close() {
    base.close();
    meanBase.close();
  }

  @ParameterizedTest
  @CsvSource({"CLS,fp32", "MEAN,fp32", "CLS,int8", "MEAN,int8-weight-only"})
  void nothingOfEarlierBatchesLeaksIntoALaterOne(Pooling pooling, String precision) {
    BaseModel model = pooling == Pooling.CLS ? base : meanBase;
    RunBuffers kept = new RunBuffers();
    try (SlotEncoder encoder = open(model, Precision.of(precision))) {
      Random random = new Random(7);
      for (int run = 0; run < RUNS; run++) {
        int[][] texts = texts(random, model);
        int[] slots = random.ints(texts.length, 0, LAYOUT.slots()).toArray();
        poison(kept);
        float[][] actual = encoder.logits(texts, slots, kept);
        assertThat(actual).isDeepEqualTo(encoder.logits(texts, slots, new RunBuffers()));
        assertThat(actual).isDeepEqualTo(encoder.run(texts, slots).logits());
      }
    }
  }

  @Test
  void encodersOfOtherLayoutsAndBasesShareThem() {
    RunBuffers kept = new RunBuffers();
    Random random = new Random(3);
    SlotLayout other = new SlotLayout(2, 4, 7, TARGETS);
    try (SlotEncoder first = open(base, Precision.FP32);
        SlotEncoder second = SlotEncoder.open(meanBase, other, Precision.FP32, 1)) {
      second.write(1, TestingAdapter.random(meanBase.config(), LORA, 7, 5));
      for (int run = 0; run < RUNS; run++) {
        int[][] texts = texts(random, base);
        int[] slots = random.ints(texts.length, 0, 2).toArray();
        SlotEncoder encoder = run % 2 == 0 ? first : second;
        assertThat(encoder.logits(texts, slots, kept))
            .isDeepEqualTo(encoder.run(texts, slots).logits());
      }
    }
  }

  @Test
  void threadsWithBuffersOfTheirOwnDoNotMeet() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (SlotEncoder encoder = open(base, Precision.FP32)) {
      List<Future<Void>> done = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        Random random = new Random(thread);
        Callable<Void> caller =
            () -> {
              RunBuffers kept = new RunBuffers();
              for (int run = 0; run < RUNS; run++) {
                int[][] texts = texts(random, base);
                int[] slots = random.ints(texts.length, 0, LAYOUT.slots()).toArray();
                assertThat(encoder.logits(texts, slots, kept))
                    .isDeepEqualTo(encoder.run(texts, slots).logits());
              }
              return null;
            };
        done.add(threads.submit(caller));
      }
      for (Future<Void> each : done) {
        each.get();
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void noMemoryIsTakenForABatchNoLargerThanEarlierOnes() {
    RunBuffers kept = new RunBuffers();
    try (SlotEncoder encoder = open(base, Precision.FP32)) {
      encoder.logits(new int[32][TestingBaseModel.MAX_POSITIONS], new int[32], kept);
      long bytes = kept.bytes();
      encoder.logits(new int[1][4], new int[1], kept);
      encoder.logits(new int[32][9], new int[32], kept);
      assertThat(kept.bytes()).isEqualTo(bytes);
      assertThat(encoder.logits(new int[0][], new int[0], kept)).isEmpty();
      assertThatThrownBy(() -> encoder.logits(new int[1][4], new int[] {3}, kept))
          .hasMessageContaining("Slot 3");
    }
  }

  @Test
  void textsCostHardlyAnyHeap() {
    RunBuffers kept = new RunBuffers();
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int[][] texts = new int[64][TestingBaseModel.MAX_POSITIONS];
    int[] slots = new int[texts.length];
    int[][] one = {texts[0]};
    int[] slot = {0};
    try (SlotEncoder encoder = open(base, Precision.FP32)) {
      long single = Long.MAX_VALUE;
      long many = Long.MAX_VALUE;
      for (int run = 0; run < 10; run++) { // The least of all: a class may be loaded in one.
        long before = threads.getCurrentThreadAllocatedBytes();
        encoder.logits(one, slot, kept);
        long between = threads.getCurrentThreadAllocatedBytes();
        encoder.logits(texts, slots, kept);
        long after = threads.getCurrentThreadAllocatedBytes();
        single = Math.min(single, between - before);
        many = Math.min(many, after - between);
      }
      // Just the row of logits that is the answer; with the text vectors it was 128 bytes more.
      assertThat((many - single) / (texts.length - 1)).isLessThanOrEqualTo(48);
    }
  }

  private static SlotEncoder open(BaseModel model, Precision precision) {
    SlotEncoder encoder = SlotEncoder.open(model, LAYOUT, precision, 1);
    for (int slot = 0; slot < LAYOUT.slots(); slot++) {
      encoder.write(slot, TestingAdapter.random(model.config(), LORA, 3, slot));
    }
    return encoder;
  }

  private static int[][] texts(Random random, BaseModel model) {
    int[][] texts = new int[1 + random.nextInt(9)][];
    int longest = 1 + random.nextInt(TestingBaseModel.MAX_POSITIONS);
    for (int i = 0; i < texts.length; i++) {
      texts[i] = random.ints(1 + random.nextInt(longest), 0, model.config().vocabSize()).toArray();
    }
    return texts;
  }

  /** Whatever a run does not write itself is out of range or not a number. */
  private static void poison(RunBuffers buffers) {
    int values = 16 * TestingBaseModel.MAX_POSITIONS;
    for (IntBuffer each :
        List.of(buffers.ids(values), buffers.lengths(values), buffers.slots(values))) {
      while (each.hasRemaining()) {
        each.put(Integer.MAX_VALUE);
      }
    }
    for (FloatBuffer each : List.of(buffers.pool(values), buffers.logits(values))) {
      while (each.hasRemaining()) {
        each.put(Float.NaN);
      }
    }
  }
}
