package dev.weir.store.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.Part;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * The objects of one bucket under one prefix: what {@link S3ArtifactStore} asks of S3.
 *
 * <p>The SDK tries each request up to three times. Large files go up in parts and come down in
 * ranges, so that a transfer that broke off goes on where it was. Thread-safe.
 */
final class S3Objects implements AutoCloseable {

  /** S3 takes parts of 5 MiB at least, 10,000 of them at most: files of up to 160 GB. */
  static final int PART_BYTES = 16 << 20;

  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration SILENCE = Duration.ofSeconds(30);
  private static final Duration CALL = Duration.ofMinutes(5);
  private static final int NOT_FOUND = 404;
  private static final int PRECONDITION_FAILED = 412;
  private static final int CONFLICT = 409;
  private static final int RANGE_NOT_SATISFIABLE = 416;

  private final S3Client client;
  private final StoreConfig.Bucket bucket;

  private S3Objects(S3Client client, StoreConfig.Bucket bucket) {
    this.client = client;
    this.bucket = bucket;
  }

  static S3Objects open(StoreConfig.S3 config) {
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClient(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(CONNECT)
                    .socketTimeout(SILENCE)
                    .build())
            .region(Region.of(config.region()))
            .forcePathStyle(config.pathStyle())
            // The store has digests of its own, and other servers do not know these checksums.
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .overrideConfiguration(override -> override.apiCallTimeout(CALL));
    Optional<URI> endpoint = config.endpoint();
    endpoint.ifPresent(builder::endpointOverride);
    return new S3Objects(builder.build(), config.bucket());
  }

  /** An object under the prefix. */
  record Listed(String key, long bytes, Instant modified) {}

  /** A small object's content, at most {@code mostBytes} + 1 of it; empty when there is none. */
  Optional<byte[]> get(String key, int mostBytes) {
    try (InputStream in =
        client.getObject(request -> request.bucket(bucket.name()).key(full(key)))) {
      return Optional.of(in.readNBytes(mostBytes + 1));
    } catch (NoSuchKeyException e) {
      return Optional.empty();
    } catch (SdkException | IOException e) {
      throw failed("read", key, e);
    }
  }

  /** An object's length; empty when there is none. */
  Optional<Long> length(String key) {
    try {
      return Optional.of(
          client
              .headObject(request -> request.bucket(bucket.name()).key(full(key)))
              .contentLength());
    } catch (S3Exception e) {
      if (e.statusCode() == NOT_FOUND) {
        return Optional.empty();
      }
      throw failed("look for", key, e);
    } catch (SdkException e) {
      throw failed("look for", key, e);
    }
  }

  /** Writes a small object, over what is there. */
  void put(String key, byte[] content) {
    try {
      var unused =
          client.putObject(
              request -> request.bucket(bucket.name()).key(full(key)).contentMD5(md5(content)),
              RequestBody.fromBytes(content));
    } catch (SdkException e) {
      throw failed("write", key, e);
    }
  }

  /**
   * Writes a small object if there is none.
   *
   * @return false if there is one, whoever wrote it
   */
  boolean create(String key, byte[] content) {
    try {
      var unused =
          client.putObject(
              request ->
                  request
                      .bucket(bucket.name())
                      .key(full(key))
                      .contentMD5(md5(content))
                      .ifNoneMatch("*"),
              RequestBody.fromBytes(content));
      return true;
    } catch (S3Exception e) {
      if (e.statusCode() == PRECONDITION_FAILED || e.statusCode() == CONFLICT) {
        return false;
      }
      throw failed("write", key, e);
    } catch (SdkException e) {
      throw failed("write", key, e);
    }
  }

  /** Uploads a file; goes on with parts that an earlier try has brought there. */
  void upload(String key, Path file) {
    try {
      if (Files.size(file) <= PART_BYTES) {
        put(key, Files.readAllBytes(file));
      } else {
        uploadParts(key, file);
      }
    } catch (IOException e) {
      throw failed("read " + file + " for", key, e);
    } catch (SdkException e) {
      throw failed("write", key, e);
    }
  }

  private void uploadParts(String key, Path file) throws IOException {
    String uploadId = begunUpload(key).orElseGet(() -> beginUpload(key));
    Map<Integer, Part> there = parts(key, uploadId);
    List<CompletedPart> done = new ArrayList<>();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      for (long from = 0; from < size; from += PART_BYTES) {
        int number = done.size() + 1;
        byte[] bytes = new byte[(int) Math.min(PART_BYTES, size - from)];
        channel.position(from);
        int read = Channels.newInputStream(channel).readNBytes(bytes, 0, bytes.length);
        if (read < bytes.length) {
          throw new IOException(file + " became shorter while it was read");
        }
        done.add(
            CompletedPart.builder()
                .partNumber(number)
                .eTag(part(key, uploadId, number, bytes, there.get(number)))
                .build());
      }
    }
    var unused =
        client.completeMultipartUpload(
            request ->
                request
                    .bucket(bucket.name())
                    .key(full(key))
                    .uploadId(uploadId)
                    .multipartUpload(upload -> upload.parts(done)));
  }

  /** Sends a part unless just these bytes are there; a part's tag is its MD5, if not encrypted. */
  private String part(
      String key,
      String uploadId,
      int number,
      byte[] bytes,
      @org.jspecify.annotations.Nullable Part there) {
    String md5 = HexFormat.of().formatHex(Base64.getDecoder().decode(md5(bytes)));
    if (there != null
        && there.size() == bytes.length
        && there.eTag().replace("\"", "").equals(md5)) {
      return there.eTag();
    }
    return client
        .uploadPart(
            request ->
                request
                    .bucket(bucket.name())
                    .key(full(key))
                    .uploadId(uploadId)
                    .partNumber(number)
                    .contentMD5(md5(bytes)),
            RequestBody.fromBytes(bytes))
        .eTag();
  }

  private Optional<String> begunUpload(String key) {
    return uploads(key).stream()
        .filter(upload -> upload.key().equals(full(key)))
        .map(MultipartUpload::uploadId)
        .findFirst();
  }

  private List<MultipartUpload> uploads(String prefix) {
    return client
        .listMultipartUploads(request -> request.bucket(bucket.name()).prefix(full(prefix)))
        .uploads();
  }

  private String beginUpload(String key) {
    return client
        .createMultipartUpload(request -> request.bucket(bucket.name()).key(full(key)))
        .uploadId();
  }

  private Map<Integer, Part> parts(String key, String uploadId) {
    Map<Integer, Part> parts = new HashMap<>();
    client
        .listPartsPaginator(
            request -> request.bucket(bucket.name()).key(full(key)).uploadId(uploadId))
        .parts()
        .forEach(part -> parts.put(part.partNumber(), part));
    return parts;
  }

  /**
   * Downloads an object to a file, behind what an earlier try has written there.
   *
   * @param bytes the object's length
   * @return false if there is no such object
   */
  boolean download(String key, Path file, long bytes) {
    try {
      long have = Files.exists(file) ? Files.size(file) : 0;
      if (have > bytes) {
        Files.delete(file);
        have = 0;
      }
      for (long from = have; from < bytes; from += PART_BYTES) {
        String range = "bytes=" + from + "-" + (Math.min(bytes, from + PART_BYTES) - 1);
        try (InputStream in =
                client.getObject(
                    request -> request.bucket(bucket.name()).key(full(key)).range(range));
            var out =
                Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
          in.transferTo(out);
        }
      }
      if (bytes == 0) {
        Files.write(file, new byte[0]);
      }
      return true;
    } catch (NoSuchKeyException e) {
      return false;
    } catch (S3Exception e) {
      if (e.statusCode() == RANGE_NOT_SATISFIABLE) {
        return true; // It is shorter than its manifest says; its digest will tell.
      }
      throw failed("read", key, e);
    } catch (SdkException | IOException e) {
      throw failed("read", key, e);
    }
  }

  /** All objects whose key begins so. */
  List<Listed> list(String prefix) {
    try {
      return client
          .listObjectsV2Paginator(request -> request.bucket(bucket.name()).prefix(full(prefix)))
          .contents()
          .stream()
          .map(
              object ->
                  new Listed(
                      object.key().substring(bucket.prefix().length()),
                      object.size(),
                      object.lastModified()))
          .toList();
    } catch (SdkException e) {
      throw failed("list", prefix, e);
    }
  }

  /** Removes an object; one that is not there is no error. */
  void delete(String key) {
    try {
      var unused = client.deleteObject(request -> request.bucket(bucket.name()).key(full(key)));
    } catch (SdkException e) {
      throw failed("delete", key, e);
    }
  }

  /** Gives up uploads that nobody has gone on with since {@code limit}; returns how many. */
  int abortUploads(Instant limit) {
    int aborted = 0;
    try {
      for (MultipartUpload upload : uploads("")) {
        if (upload.initiated().isBefore(limit)) {
          var unused =
              client.abortMultipartUpload(
                  request ->
                      request.bucket(bucket.name()).key(upload.key()).uploadId(upload.uploadId()));
          aborted++;
        }
      }
      return aborted;
    } catch (SdkException e) {
      throw failed("clean up", "", e);
    }
  }

  @Override
  public void close() {
    client.close();
  }

  private String full(String key) {
    return bucket.prefix() + key;
  }

  private StoreException failed(String doing, String key, Exception cause) {
    return new StoreException(
        "store-io",
        "cannot %s %s%s: %s; check WEIR_STORE, WEIR_S3_ENDPOINT and the credentials"
            .formatted(doing, bucket, key, cause.getMessage()),
        cause);
  }

  /** S3 refuses a body that does not fit: what arrives is what was sent. */
  private static String md5(byte[] bytes) {
    try {
      return Base64.getEncoder().encodeToString(MessageDigest.getInstance("MD5").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has MD5", e);
    }
  }
}
