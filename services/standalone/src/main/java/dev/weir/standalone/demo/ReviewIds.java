package dev.weir.standalone.demo;

/** Ids of reviews that are streamed several times: {@code run/review#pass}, each id once. */
final class ReviewIds {

  /** The pass in which the last champion answers every unseen review. */
  static final String FINAL = "final";

  private ReviewIds() {}

  /**
   * The parts of an id.
   *
   * @param review the review's id in its data set
   * @param pass which pass over the data; empty when the id is not of this form
   */
  record Parts(String review, String pass) {}

  static String of(String run, String review, String pass) {
    return run + "/" + review + "#" + pass;
  }

  static Parts parse(String id) {
    int slash = id.indexOf('/');
    int hash = id.lastIndexOf('#');
    if (slash < 0 || hash < slash) {
      return new Parts(id, "");
    }
    return new Parts(id.substring(slash + 1, hash), id.substring(hash + 1));
  }
}
