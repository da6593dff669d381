package org.deft4j.cli;

import java.text.MessageFormat;
import java.util.Locale;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/**
 * Logging of the command: one line on standard error, warnings and worse unless {@value #VARIABLE}
 * asks for more. It also keeps {@code java.logging} from being loaded.
 */
public final class CliLoggerFinder extends System.LoggerFinder {
  /** Environment variable with the least level shown, for instance {@code info}. */
  static final String VARIABLE = "DEFT_LOG";

  private static final System.Logger.Level LEAST =
      level(System.getenv().getOrDefault(VARIABLE, ""));

  /** Called by the Java platform. */
  public CliLoggerFinder() {}

  @Override
  public System.Logger getLogger(String name, Module module) {
    return new Line(name);
  }

  static System.Logger.Level level(String text) {
    for (System.Logger.Level level : System.Logger.Level.values()) {
      if (level.name().equals(text.strip().toUpperCase(Locale.ROOT))) {
        return level;
      }
    }
    return System.Logger.Level.WARNING;
  }

  private record Line(String name) implements System.Logger {
    @Override
    public String getName() {
      return name;
    }

    @Override
    public boolean isLoggable(Level level) {
      return level != Level.OFF && level.getSeverity() >= LEAST.getSeverity();
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String message,
        @Nullable Throwable thrown) {
      if (isLoggable(level)) {
        String cause = thrown == null ? "" : " (" + thrown + ")";
        print(level, Cli.oneLine(message + cause));
      }
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String format,
        @Nullable Object @Nullable ... params) {
      if (isLoggable(level)) {
        String text = String.valueOf(format);
        boolean plain = params == null || params.length == 0;
        print(level, Cli.oneLine(plain ? text : MessageFormat.format(text, params)));
      }
    }

    private static void print(Level level, String text) {
      System.err.println("deft: " + level.name().toLowerCase(Locale.ROOT) + ": " + text);
    }
  }
}
