package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows the adapters that a running inference service serves, and says who serves. */
@Command(
    name = "adapters",
    mixinStandardHelpOptions = true,
    description = "Show the adapters of a running inference service, and say which version serves.",
    subcommands = {
      AdaptersCommand.ListCommand.class,
      AdaptersCommand.ShowCommand.class,
      AdapterControls.Promote.class,
      AdapterControls.Rollback.class,
      AdapterControls.Pin.class,
      AdapterControls.Unpin.class,
      AdapterControls.Canary.class,
      AdapterControls.Shadow.class,
      AdapterControls.Threshold.class
    })
final class AdaptersCommand implements Runnable {

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(),
        "say list, show, promote, rollback, pin, unpin, canary, shadow or threshold; see weir adapters --help");
  }

  /** One line per adapter. */
  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "One line per adapter: version, digest, holdout accuracy.")
  static final class ListCommand implements Callable<Integer> {

    private final Map<String, String> environment;

    @Mixin private ServiceAddress service = new ServiceAddress();

    @Option(names = "--json", description = "print the service's own JSON")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    ListCommand(Map<String, String> environment) {
      this.environment = environment;
    }

    @Override
    public Integer call() {
      JsonNode answer = service.api(environment).get("/v1/adapters");
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (json) {
        out.println(answer);
        return 0;
      }
      JsonNode adapters = answer.path("adapters");
      if (adapters.isEmpty()) {
        out.println("no adapter has been released yet; produce labeled feedback");
      }
      for (JsonNode adapter : adapters) {
        out.println(AdapterLine.of(adapter));
      }
      return 0;
    }
  }

  /** Everything about one adapter. */
  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "All that the service knows of one adapter, as JSON.")
  static final class ShowCommand implements Callable<Integer> {

    private final Map<String, String> environment;

    @Parameters(paramLabel = "NAME", description = "the adapter's name")
    private String name = "";

    @Mixin private ServiceAddress service = new ServiceAddress();

    @Spec private @Nullable CommandSpec spec;

    ShowCommand(Map<String, String> environment) {
      this.environment = environment;
    }

    @Override
    public Integer call() {
      String encoded = java.net.URLEncoder.encode(name, java.nio.charset.StandardCharsets.UTF_8);
      JsonNode adapter = service.api(environment).get("/v1/adapters/" + encoded);
      Objects.requireNonNull(spec).commandLine().getOut().println(adapter.toPrettyString());
      return 0;
    }
  }
}
