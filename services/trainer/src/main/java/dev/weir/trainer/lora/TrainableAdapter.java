package dev.weir.trainer.lora;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.adapter.LoraConfig;
import dev.weir.common.adapter.LoraPair;
import dev.weir.common.model.BaseModel;
import dev.weir.common.model.LinearModule;
import dev.weir.common.model.ModelConfig;
import dev.weir.trainer.encoder.TorchRuntime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * An adapter in training: LoRA's matrices, DoRA's magnitudes, and the head.
 *
 * <p>A starts Kaiming-uniform as PEFT does it (bound 1/√in), B at zero and the magnitudes at the
 * lengths of the base's rows, so that an untrained LoRA changes nothing. Owned by the fitting
 * thread.
 */
public final class TrainableAdapter {

  static final String HEAD_WEIGHT = "classifier.weight";
  static final String HEAD_BIAS = "classifier.bias";
  private static final String SUFFIX_A = ".lora_A";

  private final LoraConfig lora;
  private final int firstLayer;
  private final List<String> labels;
  private final List<Parameter> parameters;

  private TrainableAdapter(
      LoraConfig lora, int firstLayer, List<String> labels, List<Parameter> parameters) {
    this.lora = lora;
    this.firstLayer = firstLayer;
    this.labels = labels;
    this.parameters = List.copyOf(parameters);
  }

  /** An adapter whose LoRA starts at zero change and whose head is that of {@code head}. */
  public static TrainableAdapter fresh(
      BaseModel base, LoraConfig lora, AdapterWeights head, long seed) {
    ModelConfig config = base.config();
    Random random = new Random(seed);
    Map<String, LoraPair> pairs = new HashMap<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LinearModule module : lora.targets()) {
        if (lora.covers(layer)) {
          String path = module.path(layer);
          float[] a = new float[lora.rank(path) * module.in(config)];
          float bound = (float) (1 / Math.sqrt(module.in(config)));
          for (int i = 0; i < a.length; i++) {
            a[i] = (random.nextFloat() * 2 - 1) * bound;
          }
          float[] b = new float[module.out(config) * lora.rank(path)];
          float[] weight = base.weight(path + ".weight").data();
          float[] magnitude = lora.useDora() ? lengths(weight, module.out(config)) : null;
          pairs.put(path, new LoraPair(a, b, magnitude));
        }
      }
    }
    return from(
        config, new AdapterWeights(lora, pairs, head.labels(), head.headWeight(), head.headBias()));
  }

  /** An adapter that goes on from {@code start}. */
  public static TrainableAdapter from(ModelConfig config, AdapterWeights start) {
    LoraConfig lora = start.lora();
    List<Parameter> parameters = new ArrayList<>();
    int firstLayer = config.layers();
    for (int layer = config.layers() - 1; layer >= 0; layer--) {
      List<Parameter> ofLayer = new ArrayList<>();
      for (LinearModule module : lora.targets()) {
        String path = module.path(layer);
        LoraPair pair = start.pairs().get(path);
        if (pair != null) {
          firstLayer = layer;
          int in = module.in(config);
          int out = module.out(config);
          ofLayer.add(matrix(nameOfA(path), pair.a(), false, lora.rank(path), in));
          ofLayer.add(matrix(nameOfB(path), pair.b(), false, out, lora.rank(path)));
          float[] magnitude = pair.magnitude();
          if (magnitude != null) {
            ofLayer.add(new Parameter(nameOfMagnitude(path), magnitude.clone(), false, false, out));
          }
        }
      }
      parameters.addAll(0, ofLayer);
    }
    int labels = start.labels().size();
    parameters.add(matrix(HEAD_WEIGHT, start.headWeight(), true, labels, config.hiddenSize()));
    parameters.add(new Parameter(HEAD_BIAS, start.headBias().clone(), true, false, labels));
    return new TrainableAdapter(lora, firstLayer, start.labels(), parameters);
  }

  /** The lowest layer that is trained; as many as the base has when only the head is. */
  public int firstLayer() {
    return firstLayer;
  }

  /** All trainable tensors, always in the same order. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /** How many numbers are trained. */
  public long count() {
    return parameters.stream().mapToLong(parameter -> parameter.values().length).sum();
  }

  /** A copy of the parameters as they are. */
  public List<Parameter> snapshot() {
    return parameters.stream().map(Parameter::copy).toList();
  }

  /** The adapter as it was at a snapshot. */
  public static TrainableAdapter restored(TrainableAdapter adapter, List<Parameter> snapshot) {
    return new TrainableAdapter(
        adapter.lora, adapter.firstLayer, adapter.labels, List.copyOf(snapshot));
  }

  /** A copy of the numbers as they are. */
  public AdapterWeights weights() {
    Map<String, float[]> values = new HashMap<>();
    snapshot().forEach(parameter -> values.put(parameter.name(), parameter.values()));
    Map<String, LoraPair> pairs = new TreeMap<>();
    for (Parameter parameter : parameters) {
      if (parameter.name().endsWith(SUFFIX_A)) {
        String path = parameter.name().substring(0, parameter.name().length() - SUFFIX_A.length());
        pairs.put(
            path,
            new LoraPair(
                values(values, nameOfA(path)),
                values(values, nameOfB(path)),
                values.get(nameOfMagnitude(path))));
      }
    }
    return new AdapterWeights(
        lora, pairs, labels, values(values, HEAD_WEIGHT), values(values, HEAD_BIAS));
  }

  /**
   * The parameters as arrays of one step.
   *
   * @param training whether they take gradients
   */
  public BoundAdapter bind(NDManager step, boolean training) {
    Map<String, NDArray> leaves = new HashMap<>();
    for (Parameter parameter : parameters) {
      leaves.put(parameter.name(), BoundAdapter.leaf(step, parameter, training));
    }
    Map<String, NDArray> scalings = new HashMap<>();
    for (Parameter parameter : parameters) {
      if (parameter.name().endsWith(SUFFIX_A)) {
        String path = parameter.name().substring(0, parameter.name().length() - SUFFIX_A.length());
        scalings.put(path, TorchRuntime.constant(step, lora.scaling(path)));
      }
    }
    return new BoundAdapter(step, leaves, parameters(), scalings, (float) lora.dropout());
  }

  static String nameOfA(String modulePath) {
    return modulePath + SUFFIX_A;
  }

  static String nameOfB(String modulePath) {
    return modulePath + ".lora_B";
  }

  static String nameOfMagnitude(String modulePath) {
    return modulePath + ".lora_magnitude_vector";
  }

  /** The Euclidean length of each row. */
  private static float[] lengths(float[] matrix, int rows) {
    int columns = matrix.length / rows;
    float[] lengths = new float[rows];
    for (int row = 0; row < rows; row++) {
      double squares = 0;
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        squares += (double) matrix[i] * matrix[i];
      }
      lengths[row] = (float) Math.sqrt(squares);
    }
    return lengths;
  }

  private static float[] values(Map<String, float[]> values, String name) {
    float[] found = values.get(name);
    if (found == null) {
      throw new IllegalStateException("no parameter " + name);
    }
    return found;
  }

  private static Parameter matrix(
      String name, float[] values, boolean head, long rows, long columns) {
    return new Parameter(name, values.clone(), head, true, rows, columns);
  }
}
