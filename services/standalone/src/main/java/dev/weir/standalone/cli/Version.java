package dev.weir.standalone.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version and the commit that this was built from, as the build wrote them down. */
final class Version implements IVersionProvider {

  private static final String RESOURCE = "/dev/weir/standalone/build.properties";

  @Override
  public String[] getVersion() {
    Properties build = new Properties();
    try (InputStream in = Version.class.getResourceAsStream(RESOURCE)) {
      if (in != null) {
        build.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new String[] {line(build)};
  }

  /** One line; a build outside of a git checkout knows no commit and says so. */
  static String line(Properties build) {
    String version = build.getProperty("git.build.version", "development build");
    String commit = build.getProperty("git.commit.id.abbrev", "");
    boolean changed = Boolean.parseBoolean(build.getProperty("git.dirty", "false"));
    return "weir %s (%s)"
        .formatted(
            version,
            commit.isBlank() || commit.contains("$")
                ? "commit not known: built outside of a git checkout"
                : "commit " + commit + (changed ? ", with changes" : ""));
  }
}
