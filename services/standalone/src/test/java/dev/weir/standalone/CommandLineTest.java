package dev.weir.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.inference.access.ApiKey;
import dev.weir.inference.access.ApiKeys;
import dev.weir.inference.access.Scope;
import dev.weir.model.device.DeviceRequest;
import dev.weir.store.signing.AdapterSigner;
import dev.weir.store.signing.ArtifactTrust;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.torch.TrainingDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CommandLineTest {

  @TempDir Path dir;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "demo",
        "up",
        "curation",
        "trainer",
        "inference",
        "produce",
        "tail",
        "train",
        "eval",
        "classify",
        "adapters",
        "settings",
        "keys",
        "keys new",
        "keys signing",
        "status"
      })
  void everyCommandHelps(String command) {
    String[] arguments = (command + " --help").strip().split(" ");
    assertThat(run(Map.of(), arguments)).isZero();
    assertThat(out.toString()).contains("Usage: weir");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "demo --port many",
        "demo --json",
        "demo --rate 0",
        "tail nothing",
        "produce apples -",
        "adapters",
        "train"
      })
  void badUsageEndsWithTwo(String line) {
    assertThat(run(Map.of(), line.split(" "))).isEqualTo(2);
    assertThat(err.toString()).startsWith("weir: ").contains("--help");
    assertThat(err.toString().strip().lines().count()).as("no page of usage").isLessThan(5);
  }

  @Test
  void addressWithoutSchemeIsOneLineThatSaysHowToWriteIt() {
    for (String command : List.of("classify fine", "adapters list", "status")) {
      String[] arguments = (command + " --url localhost:18350").split(" ");
      assertThat(run(Map.of(), arguments)).isEqualTo(1);
    }
    assertThat(err.toString().strip().lines()).hasSize(3);
    assertThat(err.toString()).contains("http://localhost:18350");
  }

  @Test
  void brokerHostThatNobodyKnowsIsOneLine() {
    String host = "no-such-host.invalid:9092";
    assertThat(run(Map.of(), "tail", "reviews", "--bootstrap-servers", host)).isEqualTo(1);
    assertThat(err.toString().strip().lines()).hasSize(1);
    assertThat(err.toString()).contains(host, "--bootstrap-servers");
  }

  @Test
  void brokerPortThatIsTakenIsOneLineWithoutATrace() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());
      Map<String, String> environment =
          Map.of(
              "WEIR_HTTP_PORT",
              "0",
              "WEIR_BASE_MODEL",
              TestingBaseModel.write(dir.resolve("base"), 1).toString());
      String data = dir.resolve("data").toString();
      assertThat(run(environment, "up", "--broker-port", port, "--data-dir", data)).isEqualTo(1);
      assertThat(err.toString().strip().lines()).hasSize(1);
      assertThat(err.toString()).contains(port).doesNotContain("Exception");
    }
  }

  @Test
  void helpIsFoundAtEveryDepth() {
    assertThat(run(Map.of(), "help", "adapters", "rollback")).isZero();
    assertThat(out.toString()).contains("Usage: weir adapters rollback");
    assertThat(run(Map.of(), "help", "adapters", "nothing")).isEqualTo(2);
    assertThat(run(Map.of(), "help")).isZero();
  }

  @Test
  void versionNamesVersionAndCommitOrThatThereIsNone() {
    assertThat(run(Map.of(), "--version")).isZero();
    assertThat(out.toString()).matches("(?s)weir \\S.* \\(commit .*\\)\\R");
  }

  @Test
  void adaptersInAnotherFormAreRefusedAtTheStart() {
    for (String written :
        List.of("default={\"labels\":[\"a\",\"b\"]}", "default=neg@1-2,neu@2-4,pos@4-5")) {
      assertThat(run(Map.of("WEIR_ADAPTERS", written), "tail", "reviews")).isEqualTo(2);
    }
    assertThat(err.toString()).contains("is no label", "overlap");
  }

  @Test
  void nameOfASettingWithAPartLeftOutIsRecognised() {
    assertThat(run(Map.of("WEIR_PORT", "1"), "up", "--data-dir", dir.toString())).isEqualTo(2);
    assertThat(err.toString()).contains("WEIR_HTTP_PORT");
  }

  @Test
  void temporaryDirectoryThatCannotBeUsedIsOneLine() {
    assertThatThrownBy(() -> TemporaryDirectory.check(dir.resolve("none")))
        .hasMessageContaining("java.io.tmpdir");
    UnsatisfiedLinkError noexec = new UnsatisfiedLinkError("failed to map segment: not permitted");
    RuntimeException wrapped = new IllegalStateException("no engine", noexec);
    assertThat(Faults.line(wrapped)).contains("noexec", "java.io.tmpdir");
    assertThat(Faults.known(wrapped)).isTrue();
  }

  @Test
  void badSettingsEndWithTwoAndAreAllListed() {
    assertThat(
            run(
                Map.of("WEIR_PARTITIONS", "0", "WEIR_BASE_MODLE", "x"),
                "up",
                "--data-dir",
                dir.toString()))
        .isEqualTo(2);
    assertThat(err.toString())
        .contains("WEIR_PARTITIONS is 0")
        .contains("did you mean WEIR_BASE_MODEL?");
  }

  @Test
  void brokerThatIsNotThereIsOneClearLine() {
    assertThat(run(Map.of(), "tail", "reviews", "--bootstrap-servers", "127.0.0.1:1", "--max", "1"))
        .isEqualTo(1);
    assertThat(err.toString().strip().lines()).hasSize(1);
    assertThat(err.toString()).contains("--bootstrap-servers");
  }

  @Test
  void inferenceThatIsNotThereIsOneClearLine() {
    assertThat(run(Map.of(), "classify", "--url", "http://127.0.0.1:1", "fine")).isEqualTo(1);
    assertThat(err.toString()).contains("weir up").contains("--url");
  }

  @Test
  void missingInputFileIsOneLineThatNamesIt() throws Exception {
    assertThat(run(Map.of(), "produce", "reviews", dir.resolve("none").toString())).isEqualTo(1);
    assertThat(err.toString().strip().lines()).hasSize(1);
    assertThat(err.toString()).contains("none does not exist");
    assertThat(
            run(
                Map.of(),
                "demo",
                "--once",
                "--data",
                Files.createFile(dir.resolve("e")).toString()))
        .isEqualTo(1);
    assertThat(err.toString()).contains("is empty");
  }

  @Test
  void trainSaysWhereItRunsAndEndsWithZeroAtAWildLearningRate() throws Exception {
    // At ten times this some processors meet a gradient that is not finite, and say so.
    int code = train("--device", "cpu", "--learning-rate", "1", "--head-learning-rate", "1");
    assertThat(code).as("%s", err).isZero();
    assertThat(out.toString())
        .contains("device cpu, as asked for; PyTorch ")
        .contains("epoch 0 was kept")
        .contains("\"device\":\"cpu\"")
        .contains("\"engineVersion\":\"");
  }

  @Test
  void trainOnAGpuThatIsNotThereEndsWithOneAndSaysHowToGetIt() throws Exception {
    Assumptions.assumeFalse(
        TrainingDevice.choose(DeviceRequest.AUTO).device().isGpu(), "there is a GPU");
    assertThat(train("--device", "cuda")).isEqualTo(1);
    assertThat(err.toString().strip().lines()).hasSize(1);
    assertThat(err.toString()).contains("A GPU cannot be used (no-").contains("=cpu");
    assertThat(train("--device", "abacus")).isEqualTo(2);
    assertThat(err.toString()).contains("WEIR_TRAIN_DEVICE").contains("auto, cpu, cuda");
  }

  @Test
  void trainOnADamagedBaseEndsWithOneAndNamesTheFile() throws Exception {
    TestingBaseModel.write(dir.resolve("base"), 1);
    Path weights = dir.resolve("base").resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    Files.write(weights, Arrays.copyOf(bytes, bytes.length / 2));

    assertThat(trainOn(dir.resolve("base"))).isEqualTo(1);
    assertThat(err.toString().strip().lines()).hasSize(1);
    assertThat(err.toString()).contains(weights.toString());
    assertThat(dir.resolve("adapter")).doesNotExist();
  }

  @Test
  void newKeysAreShownOnceAndTheirLineOpensTheirScopes() throws Exception {
    assertThat(run(Map.of(), "keys", "new", "--name", "console", "--scopes", "classify,feedback"))
        .isZero();
    List<String> lines = out.toString().strip().lines().toList();
    Path file = Files.writeString(dir.resolve("keys"), lines.get(3));
    ApiKey known = ApiKeys.read(file).match(lines.get(1)).orElseThrow();
    assertThat(known.name()).isEqualTo("console");
    assertThat(known.scopes()).containsExactlyInAnyOrder(Scope.CLASSIFY, Scope.FEEDBACK);
    assertThat(run(Map.of(), "keys", "new", "--name", "a b", "--scopes", "admin")).isEqualTo(2);
    assertThat(run(Map.of(), "keys", "new", "--name", "a", "--scopes", "root")).isEqualTo(2);
    assertThat(err.toString()).contains("'a b' is no name", "'root' is no scope");
  }

  @Test
  void signingKeysBelongTogetherAndAreNeverOverwritten() throws Exception {
    String[] arguments = {
      "keys",
      "signing",
      "--private",
      dir.resolve("trainer.key").toString(),
      "--public",
      dir.resolve("trainer.pub").toString()
    };
    assertThat(run(Map.of(), arguments)).isZero();
    ArtifactTrust trust = ArtifactTrust.parse(dir.resolve("trainer.pub").toString());
    assertThat(trust.trusts(AdapterSigner.of(dir.resolve("trainer.key")))).isTrue();
    assertThat(Files.getPosixFilePermissions(dir.resolve("trainer.key")))
        .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    assertThat(run(Map.of(), arguments)).isEqualTo(1);
    assertThat(err.toString()).contains("exists already and is kept");
    assertThat(trust.trusts(AdapterSigner.of(dir.resolve("trainer.key")))).isTrue();
  }

  private int train(String... options) throws IOException {
    return trainOn(TestingBaseModel.write(dir.resolve("base"), 1), options);
  }

  private int trainOn(Path base, String... options) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 80; i++) {
      rows.append(
          "{\"text\":\"%s film %d\",\"label\":\"%s\"}%n"
              .formatted(
                  i % 2 == 0 ? "a good" : "an awful", i, i % 2 == 0 ? "positive" : "negative"));
    }
    String data = Files.writeString(dir.resolve("rows.jsonl"), rows).toString();
    List<String> arguments = new ArrayList<>(List.of("train", "--data", data, "--eval", data));
    arguments.addAll(List.of("--base", base.toString(), "--threads", "1", "--json"));
    arguments.addAll(List.of("--out", dir.resolve("adapter").toString()));
    arguments.addAll(List.of(options));
    return run(Map.of(), arguments.toArray(String[]::new));
  }

  private int run(Map<String, String> environment, String... arguments) {
    CommandLine line = WeirMain.commandLine(environment);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return WeirMain.run(line, arguments);
  }
}
