package dev.weir.curation.resolve;

import dev.weir.contract.event.EventJson;
import dev.weir.curation.deadletter.OriginalSerde;
import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** Four bytes of length, the labeled text as JSON, then {@link OriginalSerde}'s form. */
public final class CandidateSerde implements Serde<Candidate> {

  @Override
  public Serializer<Candidate> serializer() {
    return (topic, candidate) -> {
      byte[] labeled = EventJson.write(candidate.labeled());
      byte[] original = OriginalSerde.write(candidate.original());
      return ByteBuffer.allocate(Integer.BYTES + labeled.length + original.length)
          .putInt(labeled.length)
          .put(labeled)
          .put(original)
          .array();
    };
  }

  @Override
  public Deserializer<Candidate> deserializer() {
    return (topic, bytes) -> {
      ByteBuffer in = ByteBuffer.wrap(bytes);
      byte[] labeled = OriginalSerde.bytes(in, in.getInt());
      return new Candidate(EventJson.read(labeled, LabeledText.class), OriginalSerde.read(in));
    };
  }
}
