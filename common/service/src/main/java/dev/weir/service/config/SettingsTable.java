package dev.weir.service.config;

import java.util.Collection;

/** The Markdown table of a service's settings, as the README shows it. */
public final class SettingsTable {

  private SettingsTable() {}

  /** One row per setting, in the given order. */
  public static String markdown(Collection<? extends Setting<?>> settings) {
    StringBuilder table = new StringBuilder("| variable | default | accepted | what it does |\n");
    table.append("|---|---|---|---|\n");
    for (Setting<?> setting : settings) {
      table
          .append("| `")
          .append(setting.name())
          .append("` | ")
          .append(setting.defaultValue().isEmpty() ? "" : code(setting.defaultValue()))
          .append(" | ")
          .append(setting.range().replace("|", "\\|"))
          .append(" | ")
          .append(setting.description().replace("|", "\\|"))
          .append(" |\n");
    }
    return table.toString();
  }

  private static String code(String value) {
    return "`" + value.replace("|", "\\|") + "`";
  }
}
