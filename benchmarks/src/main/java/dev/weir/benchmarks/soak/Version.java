package dev.weir.benchmarks.soak;

import java.util.List;

/**
 * One version that may answer, and what it has to say.
 *
 * @param number its number
 * @param digest of its manifest
 * @param negative probability of the first label, per text
 */
record Version(int number, String digest, List<Double> negative) {}
