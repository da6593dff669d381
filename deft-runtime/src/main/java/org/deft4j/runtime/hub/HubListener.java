package org.deft4j.runtime.hub;

/** Hears how a download goes. */
@FunctionalInterface
public interface HubListener {
  /** Hears nothing. */
  HubListener NONE = (file, done, total) -> {};

  /** So many of so many bytes of a file are there; called a few times a second. */
  void progress(String file, long done, long total);
}
