package org.deft4j.tasks;

import com.google.inject.AbstractModule;
import com.google.inject.Module;
import java.util.List;
import org.deft4j.search.spi.DeftPlugin;
import org.deft4j.search.spi.PluginBinder;
import org.deft4j.tasks.crosswords.CrosswordTask;
import org.deft4j.tasks.game24.Game24Task;
import org.deft4j.tasks.keywords.KeywordCountingTask;
import org.deft4j.tasks.merging.DocumentMergingTask;
import org.deft4j.tasks.question.QuestionTask;
import org.deft4j.tasks.sets.SetIntersectionTask;
import org.deft4j.tasks.sorting.SortingTask;

/** Contributes the built-in tasks. */
public final class TasksPlugin implements DeftPlugin {
  @Override
  public String id() {
    return "deft-tasks";
  }

  @Override
  public List<Module> modules() {
    return List.of(new Contributions());
  }

  private static final class Contributions extends AbstractModule {
    @Override
    protected void configure() {
      new PluginBinder(binder())
          .task(SortingTask.NAME, new SortingTask.Factory())
          .task(SetIntersectionTask.NAME, new SetIntersectionTask.Factory())
          .task(KeywordCountingTask.NAME, new KeywordCountingTask.Factory())
          .task(DocumentMergingTask.NAME, new DocumentMergingTask.Factory())
          .task(Game24Task.NAME, new Game24Task.Factory())
          .task(CrosswordTask.NAME, new CrosswordTask.Factory())
          .task(QuestionTask.NAME, new QuestionTask.Factory());
    }
  }
}
