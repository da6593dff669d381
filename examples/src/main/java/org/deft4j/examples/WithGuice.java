package org.deft4j.examples;

import com.google.inject.Guice;
import jakarta.inject.Inject;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.search.driver.SearchResult;

/**
 * DeFT within a program that is wired by Guice: one module to install, and a {@link Deft} is
 * injected wherever it is wanted. The injector makes one and never closes it: who injects it first
 * does, at the program's end.
 */
public final class WithGuice {
  private final Deft deft;

  @Inject
  WithGuice(Deft deft) {
    this.deft = deft;
  }

  /** Sorts a list given on the command line, or one of its own. */
  public static void main(String[] args) {
    String list = args.length > 0 ? args[0] : "[8, 1, 3, 3, 7, 0]";
    WithGuice program =
        Guice.createInjector(new DeftModule(DeftOptions.of("deft-mini")))
            .getInstance(WithGuice.class);
    try (Deft deft = program.deft) {
      SearchResult result = program.sort(list);
      System.out.println(result.answer().orElse("no answer"));
    }
  }

  SearchResult sort(String list) {
    return deft.search("sorting").problem(list).run();
  }
}
