package org.deft4j.kernels;

/**
 * What a backend is.
 *
 * @param name as given to {@link Backends#select}, for instance {@code panama}
 * @param description one line for logs and reports: device, vector width, threads
 * @param threads worker threads, the caller's included
 * @param vectorBits width of the vectors it uses, 0 for none
 * @param deterministic whether a row's bits are the same whatever the batch and the threads
 */
public record BackendInfo(
    String name, String description, int threads, int vectorBits, boolean deterministic) {}
