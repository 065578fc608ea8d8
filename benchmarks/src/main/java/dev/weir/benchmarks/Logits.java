package dev.weir.benchmarks;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.session.MergedModel;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.export.ParityCheck;
import dev.weir.trainer.serving.ServingEncoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Writes what each of Weir's ways through a model answers to some texts: libtorch as the trainer
 * runs it, ONNX Runtime as the service runs it, and the merged ONNX file.
 *
 * <p>Arguments: base model (name or directory), JSON lines with the field {@code text}, longest
 * input in tokens, output directory, adapter directories. The output directory gets one directory
 * per adapter, of the same name, with {@code logits.json} ({@code labels}, {@code tokens}, and per
 * way {@code [texts][labels]}), {@code model.onnx} and {@code model.int8.onnx}. One thread, so that
 * the sums have one order.
 */
public final class Logits {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String USAGE =
      "usage: Logits BASE TEXTS.jsonl MAX-TOKENS OUTPUT-DIR ADAPTER-DIR…";

  private Logits() {}

  public static void main(String[] args) throws IOException {
    if (args.length < 5) {
      throw new IllegalArgumentException(USAGE);
    }
    try (BaseModel base = BaseModel.load(args[0])) {
      List<int[]> tokens = new ArrayList<>();
      for (String text : texts(Path.of(args[1]))) {
        tokens.add(base.tokenizer().encode(text, Integer.parseInt(args[2])));
      }
      try (BertEncoder trainer = new BertEncoder(base);
          ServingEncoder serving = new ServingEncoder(base, 1)) {
        for (String adapter : Arrays.asList(args).subList(4, args.length)) {
          Path directory = Path.of(adapter);
          AdapterWeights weights = PeftFiles.read(directory, base.config());
          Path output = Path.of(args[3]).resolve(directory.getFileName());
          int[][] rows = tokens.toArray(int[][]::new);
          ObjectNode answers = JSON.createObjectNode();
          answers.set("labels", JSON.valueToTree(weights.labels()));
          answers.set("tokens", JSON.valueToTree(tokens));
          answers.set("trainer", JSON.valueToTree(ParityCheck.logits(trainer, weights, rows)));
          answers.set("serving", JSON.valueToTree(serving.logits(weights, tokens)));
          merged(base, weights, rows, Files.createDirectories(output))
              .forEach((way, logits) -> answers.set(way, JSON.valueToTree(logits)));
          Files.write(output.resolve("logits.json"), JSON.writeValueAsBytes(answers));
        }
      }
    }
  }

  private static Map<String, float[][]> merged(
      BaseModel base, AdapterWeights weights, int[][] rows, Path output) {
    Path full = output.resolve("model.onnx");
    Path small = output.resolve("model.int8.onnx");
    MergedModel.write(base, weights, Precision.FP32, full);
    MergedModel.write(base, weights, Precision.INT8, small);
    int pad = base.config().padTokenId();
    return Map.of(
        "merged", MergedModel.run(full, rows, pad), "int8", MergedModel.run(small, rows, pad));
  }

  private static List<String> texts(Path file) throws IOException {
    List<String> texts = new ArrayList<>();
    try (MappingIterator<ObjectNode> rows =
        JSON.readerFor(ObjectNode.class).readValues(file.toFile())) {
      while (rows.hasNextValue()) {
        texts.add(rows.nextValue().path("text").asText());
      }
    }
    return texts;
  }
}
