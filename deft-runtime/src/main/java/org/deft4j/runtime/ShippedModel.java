package org.deft4j.runtime;

import java.net.URL;

/**
 * A model that comes with DeFT.
 *
 * @param name what {@code --model} calls it
 * @param description one line
 * @param bytes size of its file
 * @param resource its file on the class path
 */
public record ShippedModel(String name, String description, long bytes, URL resource) {}
