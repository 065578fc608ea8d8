package dev.weir.model.safetensors;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Tensor;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads and writes the safetensors file format: an 8-byte little-endian header length, a JSON
 * header of names, types, shapes and byte ranges, then the values.
 *
 * <p>A file is not trusted: every length, shape and range is checked against the file's real size
 * before anything is allocated, so a header that claims 10 GB is an error, not an allocation.
 *
 * <p>F32, F16 and BF16 are read (as 32-bit floats), F32 is written. Integers, such as the {@code
 * position_ids} of old checkpoints, are checked and left out; other types are refused.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
public final class Safetensors {
  /** The largest header accepted, in bytes. */
  static final int MAX_HEADER_BYTES = 16 << 20;

  private static final int CHUNK_BYTES = 1 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private Safetensors() {}

  /**
   * Reads all floating-point tensors, by name.
   *
   * @throws ModelException {@code missing-file}, {@code unreadable-file} or {@code
   *     corrupt-safetensors}
   */
  public static Map<String, Tensor> read(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      Map<String, Tensor> tensors = new TreeMap<>();
      long size = channel.size();
      if (size < Long.BYTES) {
        throw corrupt(file, "it has " + size + " bytes, not even a header length");
      }
      long headerBytes = readFully(channel, 0, Long.BYTES).getLong();
      if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES || headerBytes > size - Long.BYTES) {
        throw corrupt(
            file,
            "its header claims %d bytes; the file has %d and the limit is %d"
                .formatted(headerBytes, size, MAX_HEADER_BYTES));
      }
      long dataStart = Long.BYTES + headerBytes;
      byte[] header = new byte[(int) headerBytes];
      readFully(channel, Long.BYTES, header.length).get(header);
      for (SafetensorsHeader.Entry entry : SafetensorsHeader.parse(header, size - dataStart)) {
        if (entry.type() != SafetensorsHeader.Type.OTHER) {
          tensors.put(entry.name(), tensor(entry, channel, dataStart));
        }
      }
      return tensors;
    } catch (SafetensorsHeader.Malformed e) {
      throw corrupt(file, String.valueOf(e.getMessage()));
    } catch (NoSuchFileException e) {
      throw new ModelException("missing-file", file + " does not exist; restore it.", e);
    } catch (IOException e) {
      throw new ModelException(
          "unreadable-file", file + " cannot be read: " + e + "; check its permissions.", e);
    }
  }

  /**
   * Writes tensors as F32 in the order of their names, so that equal input gives equal bytes.
   *
   * @param metadata free strings for the header, e.g. {@code format=pt}
   */
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
    Map<String, Tensor> sorted = new TreeMap<>(tensors);
    ObjectNode header = JSON.createObjectNode();
    ObjectNode meta = header.putObject("__metadata__");
    new TreeMap<>(metadata).forEach(meta::put);
    long offset = 0;
    for (Map.Entry<String, Tensor> e : sorted.entrySet()) {
      ObjectNode node = header.putObject(e.getKey());
      node.put("dtype", "F32");
      for (long dimension : e.getValue().shape()) {
        node.withArray("shape").add(dimension);
      }
      node.withArray("shape");
      long end = offset + (long) e.getValue().data().length * Float.BYTES;
      node.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      String json = JSON.writeValueAsString(header);
      int length = json.getBytes(StandardCharsets.UTF_8).length;
      byte[] padded = (json + " ".repeat((8 - length % 8) % 8)).getBytes(StandardCharsets.UTF_8);
      ByteBuffer start = littleEndian(Long.BYTES + padded.length);
      writeFully(channel, start.putLong(padded.length).put(padded).flip());
      ByteBuffer chunk = littleEndian(CHUNK_BYTES);
      for (Tensor tensor : sorted.values()) {
        float[] data = tensor.data();
        for (int at = 0; at < data.length; at += CHUNK_BYTES / Float.BYTES) {
          int count = Math.min(CHUNK_BYTES / Float.BYTES, data.length - at);
          chunk.clear().asFloatBuffer().put(data, at, count);
          writeFully(channel, chunk.limit(count * Float.BYTES));
        }
      }
    } catch (IOException e) {
      throw new ModelException(
          "unwritable-file",
          file + " cannot be written: " + e + "; check space and permissions.",
          e);
    }
  }

  private static Tensor tensor(SafetensorsHeader.Entry entry, FileChannel channel, long dataStart)
      throws IOException {
    float[] data = new float[(int) ((entry.end() - entry.begin()) / entry.type().bytes)];
    int index = 0;
    for (long at = entry.begin(); at < entry.end(); at += CHUNK_BYTES) {
      int bytes = (int) Math.min(CHUNK_BYTES, entry.end() - at);
      ByteBuffer chunk = readFully(channel, dataStart + at, bytes);
      if (entry.type() == SafetensorsHeader.Type.F32) {
        int count = bytes / Float.BYTES;
        chunk.asFloatBuffer().get(data, index, count);
        index += count;
      } else {
        while (chunk.hasRemaining()) {
          short half = chunk.getShort();
          data[index++] =
              entry.type() == SafetensorsHeader.Type.F16
                  ? halfToFloat(half)
                  : Float.intBitsToFloat(half << 16);
        }
      }
    }
    return new Tensor(entry.shape(), data);
  }

  private static float halfToFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >>> 10) & 0x1f;
    int mantissa = half & 0x3ff;
    if (exponent == 0) {
      float magnitude = mantissa * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    int bits = exponent == 31 ? 0x7f800000 : (exponent + 112) << 23;
    return Float.intBitsToFloat(sign | bits | mantissa << 13);
  }

  private static ByteBuffer readFully(FileChannel channel, long at, int bytes) throws IOException {
    ByteBuffer buffer = littleEndian(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        throw new EOFException("ended at byte " + (at + buffer.position()));
      }
    }
    return buffer.flip();
  }

  private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ModelException corrupt(Path file, String what) {
    return new ModelException(
        "corrupt-safetensors",
        file + " is not a valid safetensors file: " + what + "; fetch or write it again.");
  }
}
