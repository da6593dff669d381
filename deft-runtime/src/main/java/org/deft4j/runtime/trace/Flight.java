package org.deft4j.runtime.trace;

import org.deft4j.search.event.SearchListener;

/** Whether Java Flight Recorder is to hear of searches: a runtime may lack its module. */
public final class Flight {
  private Flight() {}

  /** A listener, or {@link SearchListener#NONE} where the recorder was never started. */
  public static SearchListener listener() {
    boolean there = ModuleLayer.boot().findModule("jdk.jfr").isPresent();
    return there ? FlightEvents.listener() : SearchListener.NONE;
  }
}
