package dev.weir.standalone;

import dev.weir.broker.BrokerStartException;
import dev.weir.contract.fault.WeirException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.apache.kafka.common.KafkaException;

/** What a fault that ends a command looks like to the user: one line with the remedy. */
final class Faults {

  private Faults() {}

  /** Whether the line says all there is to know; a defect of ours needs its trace as well. */
  static boolean known(Throwable fault) {
    return fault instanceof WeirException
        || fault instanceof BrokerStartException
        || fault instanceof IOException
        || fault instanceof UncheckedIOException
        || fault instanceof KafkaException
        || libraryNotLoaded(fault) != null;
  }

  /** One line about it. */
  static String line(Throwable fault) {
    Throwable library = libraryNotLoaded(fault);
    if (library != null) {
      return "a native library cannot be loaded from the temporary directory %s (%s); %s"
          .formatted(
              System.getProperty("java.io.tmpdir"), oneLine(library), TemporaryDirectory.REMEDY);
    }
    if (fault instanceof WeirException || fault instanceof BrokerStartException) {
      return String.valueOf(fault.getMessage());
    }
    if (fault instanceof UncheckedIOException io && io.getCause() != null) {
      String prefix = String.valueOf(io.getMessage());
      String cause = line(io.getCause());
      return prefix.contains(io.getCause().toString()) ? cause : prefix + ": " + cause;
    }
    if (fault instanceof NoSuchFileException missing) {
      return missing.getFile() + " does not exist; name a readable file";
    }
    if (fault instanceof AccessDeniedException denied) {
      return denied.getFile() + " may not be read or written by this user; change its permissions";
    }
    if (fault instanceof FileSystemException file) {
      return file.getFile() + ": " + file.getReason();
    }
    if (fault instanceof KafkaException) {
      Throwable root = fault;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      return "Kafka: %s; check --bootstrap-servers (WEIR_BOOTSTRAP_SERVERS) and WEIR_KAFKA_CLIENT_CONFIG"
          .formatted(oneLine(root));
    }
    return oneLine(fault);
  }

  private static String oneLine(Throwable fault) {
    String message = String.valueOf(fault.getMessage());
    return fault.getClass().getSimpleName() + ": " + message.replaceAll("\\s*\\R\\s*", " ");
  }

  private static @org.jspecify.annotations.Nullable Throwable libraryNotLoaded(Throwable fault) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      if (cause instanceof UnsatisfiedLinkError) {
        return cause;
      }
    }
    return null;
  }
}
