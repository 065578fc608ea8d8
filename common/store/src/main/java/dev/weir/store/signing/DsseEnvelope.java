package dev.weir.store.signing;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bytes with their signatures, in the form of DSSE 1.0 (Dead Simple Signing Envelope,
 * https://github.com/secure-systems-lab/dsse): what is signed is the payload itself, never a
 * canonical form of some JSON.
 *
 * @param payload base64
 * @param payloadType what the payload is; signed too
 * @param signatures at least one
 */
record DsseEnvelope(String payload, String payloadType, List<Signature> signatures) {

  /**
   * One signature.
   *
   * @param keyid which key it may be by: a hint, not a proof; {@code null} for none
   * @param sig base64
   */
  record Signature(@Nullable String keyid, String sig) {

    byte[] bytes() {
      return Base64.getDecoder().decode(sig);
    }
  }

  /** Copies the signatures; what a foreign file lacks is empty. */
  DsseEnvelope {
    payload = payload == null ? "" : payload;
    payloadType = payloadType == null ? "" : payloadType;
    signatures = signatures == null ? List.of() : List.copyOf(signatures);
  }

  /**
   * The payload.
   *
   * @throws IllegalArgumentException if it is no base64
   */
  @JsonIgnore
  byte[] bytes() {
    return Base64.getDecoder().decode(payload);
  }

  /** The bytes that are signed: DSSE's pre-authentication encoding. */
  static byte[] signedBytes(String payloadType, byte[] payload) {
    byte[] type = payloadType.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream out = new ByteArrayOutputStream(payload.length + type.length + 32);
    out.writeBytes(("DSSEv1 " + type.length + " ").getBytes(StandardCharsets.UTF_8));
    out.writeBytes(type);
    out.writeBytes((" " + payload.length + " ").getBytes(StandardCharsets.UTF_8));
    out.writeBytes(payload);
    return out.toByteArray();
  }
}
