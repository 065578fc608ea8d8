package dev.weir.standalone.loop;

import dev.weir.service.config.Setting;

/** The form of log lines; logback reads the variable itself. */
final class LogFormat {

  static final Setting<String> SETTING =
      Setting.oneOf(
          "WEIR_LOG_FORMAT",
          "text",
          "form of log lines: text, or one JSON object per line with ids as fields",
          "text",
          "json");

  private LogFormat() {}
}
