package org.deft4j.search.spi;

/**
 * An option that a factory understands.
 *
 * @param name kebab-case, for instance {@code width}
 * @param defaultValue what holds when it is not given; empty for none
 * @param description one line for a user, with unit and range
 */
public record OptionSpec(String name, String defaultValue, String description) {}
