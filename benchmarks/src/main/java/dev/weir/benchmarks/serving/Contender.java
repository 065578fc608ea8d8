package dev.weir.benchmarks.serving;

import java.util.List;

/** One way of answering texts, measured like the others. */
public interface Contender extends AutoCloseable {

  /**
   * Answers all texts, and checks that each has its answer.
   *
   * @return texts per second, from handing in the first one to having the last answer
   */
  double perSecond(List<StreamText> texts) throws InterruptedException;

  @Override
  default void close() {}
}
