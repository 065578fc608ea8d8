package dev.weir.trainer.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Differentiable operations of libtorch that DJL has no method for, as TorchScript modules.
 *
 * <p>Scaled-dot-product attention never holds the {@code [tokens, tokens]} matrix of a head, and a
 * linear layer with frozen weights in bfloat16 runs at twice the speed or more where the processor
 * multiplies bfloat16 (Kalamkar et al., "A Study of BFLOAT16 for Deep Learning Training", 2019).
 * The module is source code in an archive that is put together here: there is no binary to keep.
 *
 * <p>Results belong to the manager of the first argument. Owned by its encoder, used by its thread.
 */
public final class ScriptedOps implements AutoCloseable {

  private static final String HEADER =
      """
      class Op(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
        def forward(self: __torch__.Op,
      """;

  private static final String ATTENTION =
      """
      q: Tensor,
          k: Tensor,
          v: Tensor,
          mask: Tensor) -> Tensor:
          n, t, h, = torch.size(q)
          s = torch.size(k, 1)
          q0 = torch.transpose(torch.view(q, [n, t, HEADS, WIDTH]), 1, 2)
          k0 = torch.transpose(torch.view(k, [n, s, HEADS, WIDTH]), 1, 2)
          v0 = torch.transpose(torch.view(v, [n, s, HEADS, WIDTH]), 1, 2)
          o = torch.scaled_dot_product_attention(q0, k0, v0, mask)
          return torch.reshape(torch.transpose(o, 1, 2), [n, t, h])
      """;

  private static final String BFLOAT16 =
      """
      x: Tensor) -> Tensor:
          return torch.to(x, 15)
      """;

  private static final String LINEAR =
      """
      x: Tensor,
          w: Tensor,
          b: Tensor) -> Tensor:
          return torch.to(torch.linear(torch.to(x, 15), w, b), 6)
      """;

  private static final String FEED_FORWARD =
      """
      x: Tensor,
          w1: Tensor,
          b1: Tensor,
          w2: Tensor,
          b2: Tensor) -> Tensor:
          inner = torch.gelu(torch.linear(torch.to(x, 15), w1, b1))
          return torch.to(torch.linear(inner, w2, b2), 6)
      """;

  /** Pickle protocol 2 of an {@code __torch__.Op} whose attribute {@code training} is true. */
  private static final byte[] INSTANCE =
      "\u0080\u0002c__torch__\nOp\nq\u0000)\u0081}(X\b\u0000\u0000\u0000trainingq\u0001\u0088ub."
          .getBytes(StandardCharsets.ISO_8859_1);

  /** Pickle protocol 2 of an empty tuple. */
  private static final byte[] NO_CONSTANTS = {(byte) 0x80, 2, ')', '.'};

  private final List<PtSymbolBlock> modules = new ArrayList<>();
  private final PtSymbolBlock attention;
  private final PtSymbolBlock bfloat16;
  private final PtSymbolBlock linear;
  private final PtSymbolBlock feedForward;

  /**
   * @param manager whose device the operations run on
   * @param heads attention heads
   * @param width features of a head
   */
  public ScriptedOps(NDManager manager, int heads, int width) {
    // Specialising to shapes costs more than it brings: every batch has another one.
    JniUtils.setGraphExecutorOptimize(false);
    attention =
        load(
            manager,
            ATTENTION
                .replace("HEADS", Integer.toString(heads))
                .replace("WIDTH", Integer.toString(width)));
    bfloat16 = load(manager, BFLOAT16);
    linear = load(manager, LINEAR);
    feedForward = load(manager, FEED_FORWARD);
  }

  /**
   * Attention over all heads.
   *
   * @param q {@code [rows, asking tokens, hidden]}
   * @param k {@code [rows, tokens, hidden]}; v likewise
   * @param mask {@code [rows, 1, 1, tokens]}, added to the scores
   * @return {@code [rows, asking tokens, hidden]}
   */
  public NDArray attention(NDArray q, NDArray k, NDArray v, NDArray mask) {
    return call(attention, q, k, v, mask);
  }

  /** A copy in bfloat16. */
  public NDArray bfloat16(NDArray x) {
    return call(bfloat16, x);
  }

  /** {@code x · wᵀ + b} in bfloat16 with 32-bit result; {@code w} and {@code b} are bfloat16. */
  public NDArray linear(NDArray x, NDArray w, NDArray b) {
    return call(linear, x, w, b);
  }

  /** Two linear layers in bfloat16 with GELU between them; 32-bit result. */
  public NDArray feedForward(NDArray x, NDArray w1, NDArray b1, NDArray w2, NDArray b2) {
    return call(feedForward, x, w1, b1, w2, b2);
  }

  /** Runs as in training, which is to say: under the thread's own gradient mode. */
  private static NDArray call(PtSymbolBlock module, NDArray... inputs) {
    return IValueUtils.forward(module, new NDList(inputs), true).singletonOrThrow();
  }

  private PtSymbolBlock load(NDManager manager, String body) {
    try {
      byte[] archive = archive(HEADER + body.strip() + "\n");
      PtSymbolBlock module =
          JniUtils.loadModule(
              (PtNDManager) manager, new ByteArrayInputStream(archive), false, false);
      modules.add(module);
      return module;
    } catch (IOException e) {
      throw new UncheckedIOException("libtorch does not read its own operations", e);
    }
  }

  private static byte[] archive(String code) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      add(zip, "data.pkl", INSTANCE);
      add(zip, "code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
      add(zip, "constants.pkl", NO_CONSTANTS);
      add(zip, "version", "3\n".getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  /** Entries are stored as they are: libtorch maps them. */
  private static void add(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry("ops/" + name);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }

  @Override
  public void close() {
    modules.forEach(PtSymbolBlock::close);
  }
}
