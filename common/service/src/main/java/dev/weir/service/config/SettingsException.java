package dev.weir.service.config;

import java.util.ArrayList;
import java.util.List;

/** The settings are not usable; the message lists every problem. */
public final class SettingsException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final ArrayList<String> problems;

  /** One line per problem, each naming its variable. */
  public SettingsException(List<String> problems) {
    super("the settings are not usable:\n  - " + String.join("\n  - ", problems));
    this.problems = new ArrayList<>(problems);
  }

  /** One line per problem, each naming its variable. */
  public List<String> problems() {
    return List.copyOf(problems);
  }
}
