package org.deft4j.tasks;

import com.google.inject.AbstractModule;
import com.google.inject.Module;
import java.util.List;
import org.deft4j.search.spi.DeftPlugin;
import org.deft4j.search.spi.PluginBinder;
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
      new PluginBinder(binder()).task(SortingTask.NAME, new SortingTask.Factory());
    }
  }
}
