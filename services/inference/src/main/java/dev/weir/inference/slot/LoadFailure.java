package dev.weir.inference.slot;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Why the version that should serve does not.
 *
 * @param version the version that was to be loaded
 * @param digest its manifest's digest, as its champion record says
 * @param reason stable code, also the metric's tag
 * @param message for people, with the remedy
 * @param attempts how often it was tried
 * @param at when it was tried last
 * @param retryAt when it is tried again, or {@code null}: then only a new record helps
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LoadFailure(
    int version,
    String digest,
    String reason,
    String message,
    int attempts,
    Instant at,
    @Nullable Instant retryAt) {}
