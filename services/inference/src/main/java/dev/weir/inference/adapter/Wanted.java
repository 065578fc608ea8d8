package dev.weir.inference.adapter;

import dev.weir.common.adapter.Champion;
import dev.weir.common.adapter.Release;
import org.jspecify.annotations.Nullable;

/**
 * What the adapters topic last said about one adapter.
 *
 * @param offset where it said so: higher is newer, whatever the version
 * @param champion the version that should serve, or {@code null} when none should
 * @param release that version's release record, or {@code null} when it is not known
 */
record Wanted(long offset, @Nullable Champion champion, @Nullable Release release) {}
