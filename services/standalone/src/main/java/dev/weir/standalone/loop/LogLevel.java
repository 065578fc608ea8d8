package dev.weir.standalone.loop;

import dev.weir.service.config.Setting;

/** The level of Weir's own loggers; logback reads the variable itself. */
final class LogLevel {

  static final Setting<String> SETTING =
      Setting.oneOf(
          "WEIR_LOG_LEVEL",
          "INFO",
          "level of Weir's own loggers (demo and up: WARN unless set)",
          "ERROR",
          "WARN",
          "INFO",
          "DEBUG",
          "TRACE");

  private LogLevel() {}
}
