package dev.weir.model.session;

/**
 * The answer to one batch, a row per text in the order asked.
 *
 * @param logits {@code [rows][layout.labels]}; columns beyond the slot's own labels are 0
 * @param pooled {@code [rows][hidden]}: the text vectors, which heads read; a dense layer of the
 *     adapter's comes after them, a pooler of the base's before
 */
@SuppressWarnings("ArrayRecordComponent") // a result that is read once
public record EncoderOutput(float[][] logits, float[][] pooled) {}
