package dev.weir.inference.control;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.ServingPlan;
import org.jspecify.annotations.Nullable;

/**
 * What holds after a control.
 *
 * @param adapter the adapter
 * @param changed whether records were written; false when it was so already
 * @param champion the version that the champion record names, or {@code null} without one
 * @param plan the operator's plan
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ControlResult(
    String adapter, boolean changed, @Nullable Champion champion, ServingPlan plan) {}
