package dev.weir.trainer.lora;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.HeadKind;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import dev.weir.trainer.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * An adapter in training: LoRA's matrices, DoRA's magnitudes, and the head with its dense layer if
 * it has one.
 *
 * <p>A starts Kaiming-uniform as PEFT does it (bound 1/√in), B at zero and the magnitudes at the
 * lengths of the base's rows, so that an untrained LoRA changes nothing. Owned by the fitting
 * thread.
 */
public final class TrainableAdapter {

  static final String HEAD_WEIGHT = "classifier.weight";
  static final String HEAD_BIAS = "classifier.bias";
  static final String DENSE_WEIGHT = "dense.weight";
  static final String DENSE_BIAS = "dense.bias";
  private static final String SUFFIX_A = ".lora_A";

  private final LoraConfig lora;
  private final HeadKind head;
  private final HeadUnits units;
  private final int firstLayer;
  private final List<String> labels;
  private final List<Parameter> parameters;

  private TrainableAdapter(
      LoraConfig lora,
      HeadKind head,
      HeadUnits units,
      int firstLayer,
      List<String> labels,
      List<Parameter> parameters) {
    this.lora = lora;
    this.head = head;
    this.units = units;
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
        config,
        new AdapterWeights(
            lora, pairs, head.labels(), head.dense(), head.headWeight(), head.headBias()));
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
    int hidden = config.hiddenSize();
    HeadUnits units = HeadUnits.of(start);
    DenseLayer dense = start.dense();
    if (dense != null) {
      // No decay: its start is the identity, not zero.
      float[] weight = HeadUnits.times(dense.weight(), 1 / units.dense());
      float[] bias = HeadUnits.times(dense.bias(), 1 / units.dense());
      parameters.add(new Parameter(DENSE_WEIGHT, weight, true, false, hidden, hidden));
      parameters.add(new Parameter(DENSE_BIAS, bias, true, false, hidden));
    }
    float[] classifier = HeadUnits.times(start.headWeight(), 1 / units.classifier());
    parameters.add(matrix(HEAD_WEIGHT, classifier, true, labels, hidden));
    parameters.add(new Parameter(HEAD_BIAS, start.headBias().clone(), true, false, labels));
    return new TrainableAdapter(lora, config.head(), units, firstLayer, start.labels(), parameters);
  }

  /** The lowest layer that is trained; as many as the base has when only the head is. */
  public int firstLayer() {
    return firstLayer;
  }

  /** Class names, in the order of the head's rows. */
  public List<String> labels() {
    return labels;
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
        adapter.lora,
        adapter.head,
        adapter.units,
        adapter.firstLayer,
        adapter.labels,
        List.copyOf(snapshot));
  }

  /** A copy of the numbers as they are. */
  public AdapterWeights weights() {
    Map<String, float[]> values = new HashMap<>();
    snapshot().forEach(parameter -> values.put(parameter.name(), parameter.values()));
    Map<String, LoraPair> pairs = new TreeMap<>();
    for (String path : adapted()) {
      float[] a = values(values, nameOfA(path));
      float[] b = values(values, nameOfB(path));
      pairs.put(path, new LoraPair(a, b, values.get(nameOfMagnitude(path))));
    }
    DenseLayer dense =
        values.containsKey(DENSE_WEIGHT)
            ? new DenseLayer(
                HeadUnits.times(values(values, DENSE_WEIGHT), units.dense()),
                HeadUnits.times(values(values, DENSE_BIAS), units.dense()))
            : null;
    return new AdapterWeights(
        lora,
        pairs,
        labels,
        dense,
        HeadUnits.times(values(values, HEAD_WEIGHT), units.classifier()),
        values(values, HEAD_BIAS));
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
    for (String path : adapted()) {
      scalings.put(path, TorchRuntime.constant(step, lora.scaling(path)));
    }
    BoundHead bound =
        new BoundHead(
            leaves,
            head,
            TorchRuntime.constant(step, units.dense()),
            TorchRuntime.constant(step, units.classifier()));
    return new BoundAdapter(step, leaves, parameters(), scalings, (float) lora.dropout(), bound);
  }

  /** The modules that have LoRA. */
  private List<String> adapted() {
    return parameters.stream()
        .map(Parameter::name)
        .filter(name -> name.endsWith(SUFFIX_A))
        .map(name -> name.substring(0, name.length() - SUFFIX_A.length()))
        .toList();
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
