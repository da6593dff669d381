package org.deft4j.search.event;

/** Hears what a search does, on the thread that drives it; must be quick and must not throw. */
@FunctionalInterface
public interface SearchListener {
  /** Hears nothing. */
  SearchListener NONE = event -> {};

  /** Something happened. */
  void on(SearchEvent event);

  /** One that tells this listener first and then another. */
  default SearchListener andThen(SearchListener other) {
    if (other == NONE) {
      return this;
    }
    return this == NONE
        ? other
        : event -> {
          on(event);
          other.on(event);
        };
  }
}
