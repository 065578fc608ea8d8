package dev.weir.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A real S3 server (S3Proxy on a directory) as a process of its own. */
final class HostS3 {

  private HostS3() {}

  /** Starts it with one bucket; whoever waits for the services waits for it as well. */
  static Container start(
      Path directory, int port, String identity, String credential, String bucket)
      throws IOException {
    Path jar = Repository.ROOT.resolve("common/store/target/s3proxy/s3proxy.jar");
    Path data = directory.resolve("s3");
    Files.createDirectories(data.resolve(bucket));
    Path config =
        Files.writeString(
            directory.resolve("s3proxy.conf"),
            """
            s3proxy.authorization=aws-v4
            s3proxy.endpoint=http://127.0.0.1:%d
            s3proxy.identity=%s
            s3proxy.credential=%s
            jclouds.provider=filesystem-nio2
            jclouds.filesystem.basedir=%s
            """
                .formatted(port, identity, credential, data));
    Path log = directory.resolve("minio.log");
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-jar",
                    jar.toString(),
                    "--properties",
                    config.toString()))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    return new Container("minio", process, log);
  }
}
