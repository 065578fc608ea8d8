package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * The commands that say who serves. Each asks one replica, which writes to the adapters topic for
 * all; saying it again changes nothing.
 */
final class AdapterControls {

  private AdapterControls() {}

  /** What all have: the adapter, the service, and how the answer is shown. */
  abstract static class Control implements Callable<Integer> {

    private final Map<String, String> environment;

    @Parameters(index = "0", paramLabel = "NAME", description = "the adapter's name")
    private String name = "";

    @Mixin private ServiceAddress service = new ServiceAddress();

    @Option(names = "--json", description = "print the service's own JSON")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    Control(Map<String, String> environment) {
      this.environment = environment;
    }

    /** The endpoint's last part. */
    abstract String verb();

    /** The request's body. */
    abstract Map<String, Object> body();

    @Override
    public Integer call() {
      String encoded = URLEncoder.encode(name, StandardCharsets.UTF_8);
      JsonNode answer =
          service.api(environment).post("/v1/adapters/" + encoded + "/" + verb(), body());
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      out.println(json ? answer.toString() : PlanLine.of(answer));
      return 0;
    }

    ParameterException misused(String problem) {
      return new ParameterException(Objects.requireNonNull(spec).commandLine(), problem);
    }
  }

  /** Makes a version the champion. */
  @Command(
      name = "promote",
      mixinStandardHelpOptions = true,
      description = "Make a version the champion; refused while another one is pinned.")
  static final class Promote extends Control {

    @Parameters(index = "1", paramLabel = "VERSION", description = "the version")
    private int version;

    Promote(Map<String, String> environment) {
      super(environment);
    }

    @Override
    String verb() {
      return "promote";
    }

    @Override
    Map<String, Object> body() {
      return Map.of("version", version);
    }
  }

  /** Goes back to an earlier version. */
  @Command(
      name = "rollback",
      mixinStandardHelpOptions = true,
      description = {
        "Go back to an earlier version and pin it, so that no training replaces it before unpin.",
        "Said again without --to, it does not go back further; after an unpin it does."
      })
  static final class Rollback extends Control {

    @Option(
        names = "--to",
        paramLabel = "VERSION",
        description = "the version (default: the one that served last before, whatever its number)")
    private @Nullable Integer to;

    Rollback(Map<String, String> environment) {
      super(environment);
    }

    @Override
    String verb() {
      return "rollback";
    }

    @Override
    Map<String, Object> body() {
      return to == null ? Map.of() : Map.of("to", to);
    }
  }

  /** Keeps a version serving. */
  @Command(
      name = "pin",
      mixinStandardHelpOptions = true,
      description = "Keep a version serving, whatever is promoted.")
  static final class Pin extends Control {

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "VERSION",
        description = "the version (default: the one that answers now)")
    private @Nullable Integer version;

    Pin(Map<String, String> environment) {
      super(environment);
    }

    @Override
    String verb() {
      return "pin";
    }

    @Override
    Map<String, Object> body() {
      return version == null ? Map.of() : Map.of("version", version);
    }
  }

  /** Lets promoted versions serve again. */
  @Command(
      name = "unpin",
      mixinStandardHelpOptions = true,
      description =
          "Let promoted versions serve again; what was held meanwhile waits for weir adapters promote.")
  static final class Unpin extends Control {

    Unpin(Map<String, String> environment) {
      super(environment);
    }

    @Override
    String verb() {
      return "unpin";
    }

    @Override
    Map<String, Object> body() {
      return Map.of();
    }
  }

  /** Has a version answer a share of the reviews. */
  @Command(
      name = "canary",
      mixinStandardHelpOptions = true,
      description = "Have a version answer a share of the reviews, cut by review id.")
  static final class Canary extends Control {

    @Parameters(index = "1", arity = "0..1", paramLabel = "VERSION", description = "the version")
    private @Nullable Integer version;

    @ArgGroup(multiplicity = "1")
    private Share choice = new Share();

    /** On with a share, or off. */
    static final class Share {
      @Option(names = "--share", required = true, description = "above 0, at most 1")
      private double share;

      @Option(names = "--off", required = true, description = "end the canary")
      private boolean off;
    }

    Canary(Map<String, String> environment) {
      super(environment);
    }

    @Override
    String verb() {
      return "canary";
    }

    @Override
    Map<String, Object> body() {
      if (choice.off) {
        return Map.of("off", true);
      }
      if (version == null) {
        throw misused("name the VERSION that is to answer, or say --off");
      }
      return Map.of("version", version, "share", choice.share);
    }
  }

  /** Has a version score without answering. */
  @Command(
      name = "shadow",
      mixinStandardHelpOptions = true,
      description =
          "Have a version score all reviews from Kafka without answering; see topic shadow-classifications.")
  static final class Shadow extends Control {

    @Parameters(index = "1", arity = "0..1", paramLabel = "VERSION", description = "the version")
    private @Nullable Integer version;

    @Option(names = "--off", description = "end the shadow")
    private boolean off;

    Shadow(Map<String, String> environment) {
      super(environment);
    }

    @Override
    String verb() {
      return "shadow";
    }

    @Override
    Map<String, Object> body() {
      if (off) {
        return Map.of("off", true);
      }
      if (version == null) {
        throw misused("name the VERSION that is to score, or say --off");
      }
      return Map.of("version", version);
    }
  }

  /** Sets from which probability on a label is given. */
  @Command(
      name = "threshold",
      mixinStandardHelpOptions = true,
      description = "Abstain where the best label is less probable; scores are given all the same.")
  static final class Threshold extends Control {

    @ArgGroup(multiplicity = "1")
    private Least choice = new Least();

    /** On with a probability, or off. */
    static final class Least {
      @Option(
          names = "--abstain-below",
          required = true,
          paramLabel = "P",
          description = "a probability, at least 0 and below 1")
      private double abstainBelow;

      @Option(names = "--off", required = true, description = "always give a label")
      private boolean off;
    }

    Threshold(Map<String, String> environment) {
      super(environment);
    }

    @Override
    String verb() {
      return "threshold";
    }

    @Override
    Map<String, Object> body() {
      return Map.of("abstainBelow", choice.off ? 0.0 : choice.abstainBelow);
    }
  }
}
