package org.deft4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.inject.Guice;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.spi.Options;
import org.deft4j.search.strategy.Greedy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The facade with the shipped model. */
class DeftTest {
  @TempDir static Path cache;

  private static DeftOptions options() {
    Folders folders = new Folders(Optional.empty(), cache, cache);
    return DeftOptions.of(new ModelCatalogue(folders).resolve(ModelCatalogue.DEFAULT).toString());
  }

  private static List<LoadedPlugin> plugins() {
    return PluginLoader.load(PluginPath.none());
  }

  @Test
  void sortsWithTheShippedModel() {
    try (Deft deft = Deft.open(options(), new DeftModule(options(), plugins()).registry())) {
      SearchResult beam =
          deft.search("sorting").problem("[3, 1, 2, 0]").strategy("beam").option("width", 2).run();
      assertThat(beam.answer()).contains("[0, 1, 2, 3]");
      assertThat(beam.solved()).isTrue();
      SearchResult greedy =
          deft.search("sorting").taskOption("length", 12).seed(3).strategy(new Greedy()).run();
      assertThat(greedy.solved()).isTrue();
      assertThat(deft.engine()).isPresent();
    }
  }

  @Test
  void guiceGivesTheSame() {
    var injector = Guice.createInjector(new DeftModule(options(), plugins()));
    try (Deft deft = injector.getInstance(Deft.class)) {
      assertThat(injector.getInstance(Deft.class)).isSameAs(deft);
      assertThat(deft.search("sorting").problem("[1, 0, 5, 4]").run().answer())
          .contains("[0, 1, 4, 5]");
    }
  }

  @Test
  void unknownNamesListTheKnownOnes() {
    Registry registry = new DeftModule(options(), plugins()).registry();
    assertThatThrownBy(() -> registry.task("sort", Options.none()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unknown task 'sort'; known: ")
        .hasMessageContaining("sorting");
  }
}
