package org.deft4j.cli;

import java.lang.reflect.Constructor;
import picocli.CommandLine;

/**
 * Makes command objects: those of this package with the {@link Context}, all else as picocli does.
 * No command loads a model, a plugin or Guice before it runs, which keeps help pages quick.
 */
final class CommandFactory implements CommandLine.IFactory {
  private final Context context;

  CommandFactory(Context context) {
    this.context = context;
  }

  @Override
  public <K> K create(Class<K> type) throws Exception {
    if (type.getPackage() == CommandFactory.class.getPackage()) {
      for (Constructor<?> c : type.getDeclaredConstructors()) {
        if (c.getParameterCount() == 1 && c.getParameterTypes()[0] == Context.class) {
          return type.cast(c.newInstance(context));
        }
      }
    }
    return CommandLine.defaultFactory().create(type);
  }
}
