package org.deft4j.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.inject.Guice;
import com.google.inject.Key;
import com.google.inject.TypeLiteral;
import java.util.Map;
import java.util.ServiceLoader;
import org.deft4j.search.spi.DeftPlugin;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.TaskFactory;
import org.junit.jupiter.api.Test;

class TasksPluginTest {
  @Test
  void contributesItsTasksAsAnyPluginDoes() {
    assertThat(ServiceLoader.load(DeftPlugin.class)).anyMatch(TasksPlugin.class::isInstance);
    Map<String, TaskFactory> tasks =
        Guice.createInjector(new TasksPlugin().modules())
            .getInstance(Key.get(new TypeLiteral<Map<String, TaskFactory>>() {}));
    assertThat(tasks)
        .containsOnlyKeys(
            "sorting",
            "set-intersection",
            "keyword-counting",
            "document-merging",
            "game-of-24",
            "crosswords",
            "prompt");
    tasks.forEach((name, f) -> assertThat(f.create(Options.none()).name()).isEqualTo(name));
  }
}
