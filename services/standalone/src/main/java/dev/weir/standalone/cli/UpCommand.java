package dev.weir.standalone.cli;

import dev.weir.contract.fault.WeirException;
import dev.weir.service.ops.Signals;
import dev.weir.standalone.loop.LocalLoop;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Runs the whole loop on an embedded broker until it is stopped. */
@Command(
    name = "up",
    mixinStandardHelpOptions = true,
    description = "Run broker and services in one process, without sample data, until Ctrl-C.")
final class UpCommand implements Callable<Integer> {

  /** What ended the loop. */
  static final class LoopFailedException extends WeirException {
    private static final long serialVersionUID = 1L;

    LoopFailedException(String what) {
      super("loop-failed", "only a restart helps: " + what, null);
    }
  }

  private final Map<String, String> environment;

  @Mixin private LoopOptions options = new LoopOptions();

  @Spec private @Nullable CommandSpec spec;

  UpCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    Path given = options.dataDir();
    Path dataDir = given == null ? Path.of("weir-data") : given;
    LocalLoop loop = new LocalLoop(dataDir, options.brokerPort(9092), options.over(environment));
    CountDownLatch stop = new CountDownLatch(1);
    Signals.onStop(stop::countDown);
    try (loop) {
      loop.start();
      out.printf(
          "Weir is up: Kafka at %s, HTTP at %s, data in %s%n",
          loop.kafka().get("bootstrap.servers"), loop.httpUrl(), loop.dataDir());
      out.printf("  the console: %s in a browser%n", loop.httpUrl());
      out.printf("  health and metrics: %s/metrics%n", loop.opsUrl());
      if (loop.hasKeys()) {
        out.println(
            "  API keys guard HTTP alone: whoever has an account on this machine reaches Kafka"
                + " without one");
      }
      out.println("  weir produce reviews FILE     then     weir tail classifications");
      out.printf(
          "  the first adapter of each name needs about %d labels, of two kinds at least; weir"
              + " status counts%n",
          NextAdapter.needed(environment));
      out.println("Ctrl-C stops it; a second start goes on where this one ended.");
      out.flush();
      while (!stop.await(1, TimeUnit.SECONDS)) {
        Optional<String> beyondHelp = loop.beyondHelp();
        if (beyondHelp.isPresent()) {
          throw new LoopFailedException(beyondHelp.get());
        }
      }
      out.println("stopping: draining what was accepted …");
      out.flush();
    }
    out.println("stopped; the data is in " + loop.dataDir());
    return 0;
  }
}
