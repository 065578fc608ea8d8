package dev.weir.inference.http.web;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Ends the parsing of a body as soon as it has more texts, or more values of any kind, than a
 * request may have: before a tree of them exists. Belongs to one thread.
 */
public final class BoundedParser extends JsonParserDelegate {

  /** Most texts of one request. */
  public static final int MOST_TEXTS = 1000;

  /** A thousand reviews with dozens of attributes each stay below it. */
  public static final int MOST_TOKENS = 200_000;

  private final Lists lists;
  private int tokens;
  private int elements;

  /**
   * Which lists hold texts.
   *
   * @param names the fields
   * @param depth how deep the list itself is nested: 2 for a field of the body
   */
  public record Lists(Set<String> names, int depth) {

    static final Lists NONE = new Lists(Set.of(), 0);
  }

  BoundedParser(JsonParser parser, Lists lists) {
    super(parser);
    this.lists = lists;
  }

  @Override
  public @Nullable JsonToken nextToken() throws IOException {
    JsonToken token = super.nextToken();
    if (++tokens > MOST_TOKENS) {
      throw new Problem(
          422,
          "too-many-values",
          "the body has more than %d JSON tokens; send several smaller requests"
              .formatted(MOST_TOKENS));
    }
    if (token != null && begins(token)) {
      count(token);
    }
    return token;
  }

  /** Whether a value begins: an element where it stands in a list. */
  private static boolean begins(JsonToken token) {
    return token.isScalarValue() || token.isStructStart();
  }

  private void count(JsonToken token) {
    JsonStreamContext at = getParsingContext();
    JsonStreamContext list = token.isStructStart() ? at.getParent() : at;
    if (list == null || !list.inArray() || list.getNestingDepth() != lists.depth()) {
      if (token == JsonToken.START_ARRAY && at.getNestingDepth() == lists.depth()) {
        elements = 0;
      }
      return;
    }
    JsonStreamContext owner = list.getParent();
    String name = owner == null ? null : owner.getCurrentName();
    if (name != null && lists.names().contains(name) && ++elements > MOST_TEXTS) {
      throw new Problem(
          422,
          "too-many-texts",
          "the body has more than %d texts, which is the limit; send several requests"
              .formatted(MOST_TEXTS));
    }
  }
}
