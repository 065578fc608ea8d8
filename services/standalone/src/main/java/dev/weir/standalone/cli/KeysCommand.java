package dev.weir.standalone.cli;

import dev.weir.contract.fault.WeirException;
import dev.weir.inference.access.ApiKey;
import dev.weir.inference.access.Scope;
import dev.weir.service.security.PemFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes keys: for clients of the HTTP interface, and for signing adapters. */
@Command(
    name = "keys",
    mixinStandardHelpOptions = true,
    description = "Make API keys for HTTP clients, and key pairs that adapters are signed with.",
    subcommands = {KeysCommand.New.class, KeysCommand.Signing.class})
final class KeysCommand implements Runnable {

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say new or signing; see weir keys --help");
  }

  /** An API key. */
  @Command(
      name = "new",
      mixinStandardHelpOptions = true,
      description = {
        "Make an API key: prints the key, which is shown this once, and the line for the file that",
        "WEIR_HTTP_KEYS_FILE names."
      })
  static final class New implements Callable<Integer> {

    @Option(
        names = "--name",
        required = true,
        description = "who gets it: letters, digits, '.', '_' and '-'")
    private String name = "";

    @Option(
        names = "--scopes",
        required = true,
        split = ",",
        paramLabel = "SCOPE",
        description =
            "classify, texts (what others wrote), feedback, admin (includes the others); separated by commas")
    private List<String> scopes = List.of();

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
      CommandSpec command = Objects.requireNonNull(spec);
      String key = ApiKey.random(new SecureRandom());
      ApiKey known;
      try {
        Set<Scope> wanted = EnumSet.noneOf(Scope.class);
        scopes.forEach(word -> wanted.add(Scope.of(word)));
        known = ApiKey.of(name, wanted, key);
      } catch (IllegalArgumentException e) {
        throw new ParameterException(
            command.commandLine(), Objects.requireNonNullElse(e.getMessage(), "bad key"), e);
      }
      PrintWriter out = command.commandLine().getOut();
      out.println("key, for the client; it is not kept anywhere:");
      out.println(key);
      out.println("line, for the server's WEIR_HTTP_KEYS_FILE:");
      out.println(known.line());
      return 0;
    }
  }

  /** A key pair that adapters are signed with. */
  @Command(
      name = "signing",
      mixinStandardHelpOptions = true,
      description = {
        "Make an Ed25519 key pair: the private key for the trainer (WEIR_SIGNING_KEY), the public one",
        "for the inference service (WEIR_TRUSTED_KEYS)."
      })
  static final class Signing implements Callable<Integer> {

    @Option(
        names = "--private",
        required = true,
        paramLabel = "FILE",
        description = "where the private key goes; it must not exist, and only you may read it")
    private Path privateFile = Path.of("");

    @Option(
        names = "--public",
        required = true,
        paramLabel = "FILE",
        description = "where the public key goes; it must not exist")
    private Path publicFile = Path.of("");

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
      try {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        write(privateFile, "rw-------", "PRIVATE KEY", pair.getPrivate().getEncoded());
        write(publicFile, "rw-r--r--", "PUBLIC KEY", pair.getPublic().getEncoded());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every JDK since 15 has Ed25519", e);
      }
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      out.println("WEIR_SIGNING_KEY=" + privateFile);
      out.println("WEIR_TRUSTED_KEYS=" + publicFile);
      return 0;
    }

    private static void write(Path file, String rights, String type, byte[] key) {
      boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
      FileAttribute<?>[] attributes =
          posix
              ? new FileAttribute<?>[] {
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(rights))
              }
              : new FileAttribute<?>[0];
      try {
        // Created with these rights: nobody can have opened it before they are set.
        Files.createFile(file, attributes);
        Files.writeString(
            file, PemFiles.block(type, key), StandardCharsets.US_ASCII, StandardOpenOption.WRITE);
      } catch (FileAlreadyExistsException e) {
        throw new KeyFileException(
            "'" + file + "' exists already and is kept; name another file", e);
      } catch (IOException e) {
        throw new KeyFileException("cannot write '" + file + "': " + e, e);
      }
    }
  }

  /** A key could not be written. */
  static final class KeyFileException extends WeirException {
    private static final long serialVersionUID = 1L;

    KeyFileException(String problem, Throwable cause) {
      super("key-file", problem, cause);
    }
  }
}
