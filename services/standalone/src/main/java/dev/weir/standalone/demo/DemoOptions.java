package dev.weir.standalone.demo;

import dev.weir.standalone.rows.ReadOptions;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a demo run does.
 *
 * @param once end after the feedback is learned and two or more adapters have served
 * @param data the user's reviews, or {@code null} for the sample
 * @param reading what is said of that file
 * @param rate reviews per second while feedback is sent
 * @param feedback rows that become feedback, at most
 * @param reviews rows that are only ever classified, at most
 * @param timeout after which a {@code once} run fails
 */
public record DemoOptions(
    boolean once,
    @Nullable Path data,
    ReadOptions reading,
    double rate,
    int feedback,
    int reviews,
    Duration timeout) {}
