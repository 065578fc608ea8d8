package dev.weir.benchmarks.serving;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * An endless stream of real reviews: four sentences, then a long one, so that every stretch of it
 * has the same mix. Both kinds are shuffled once by a seed and come again when they are used up.
 */
public final class TextStream {
  /** Every so manieth text is a long one. */
  private static final int PERIOD = 5;

  private final List<String> sentences;
  private final List<String> longOnes;

  private TextStream(List<String> sentences, List<String> longOnes) {
    this.sentences = sentences;
    this.longOnes = longOnes;
  }

  /** Reads JSON lines with the field {@code text}. */
  public static TextStream read(List<Path> sentences, List<Path> longOnes, long seed)
      throws IOException {
    return new TextStream(texts(sentences, seed), texts(longOnes, seed));
  }

  /** The texts from position {@code from} on. */
  public List<StreamText> mixed(int from, int count) {
    List<StreamText> texts = new ArrayList<>(count);
    for (int i = from; i < from + count; i++) {
      boolean sentence = i % PERIOD != PERIOD - 1;
      int index = sentence ? i - i / PERIOD : i / PERIOD;
      List<String> source = sentence ? sentences : longOnes;
      texts.add(new StreamText(source.get(index % source.size()), sentence));
    }
    return texts;
  }

  /** Sentences alone, from position {@code from} on. */
  public List<StreamText> sentences(int from, int count) {
    List<StreamText> texts = new ArrayList<>(count);
    for (int i = from; i < from + count; i++) {
      texts.add(new StreamText(sentences.get(i % sentences.size()), true));
    }
    return texts;
  }

  private static List<String> texts(List<Path> files, long seed) throws IOException {
    List<String> texts = new ArrayList<>();
    for (Path file : files) {
      try (MappingIterator<ObjectNode> rows =
          new ObjectMapper().readerFor(ObjectNode.class).readValues(file.toFile())) {
        while (rows.hasNextValue()) {
          String text = rows.nextValue().path("text").asText();
          if (!text.isBlank()) {
            texts.add(text);
          }
        }
      }
    }
    if (texts.isEmpty()) {
      throw new IllegalArgumentException(files + " have no row with a text");
    }
    Collections.shuffle(texts, new Random(seed));
    return texts;
  }
}
