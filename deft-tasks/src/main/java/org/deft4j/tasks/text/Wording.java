package org.deft4j.tasks.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.tasks.TasksPlugin;
import org.deft4j.tree.decode.TokenCodec;

/**
 * How a task speaks to models of text.
 *
 * @param task the task's name
 * @param prompts the words of its stages
 * @param chat which turns are marked: the value of {@link ChatForm#OPTION}
 */
public record Wording(String task, Prompts prompts, String chat) {
  /** Checks the form's name. */
  public Wording {
    ChatForm.check(chat);
  }

  /**
   * The wording of a built-in task.
   *
   * @param stages its stages besides {@link Prompts#ROOT}
   * @param fields what it fills in
   */
  public static Wording load(
      String task, List<String> stages, Set<String> fields, Options options) {
    List<String> all = new ArrayList<>(stages);
    all.addFirst(Prompts.ROOT);
    return new Wording(
        task,
        Prompts.load(TasksPlugin.class, task, all, fields, options),
        options.text("chat", "auto"));
  }

  /** A task's own options and those that every task of text has. */
  public static List<OptionSpec> options(OptionSpec... own) {
    List<OptionSpec> all = new ArrayList<>(List.of(own));
    all.add(Prompts.OPTION);
    all.add(ChatForm.OPTION);
    return List.copyOf(all);
  }

  /** The prompts of a problem. */
  public PromptLayout layout(Stages stages, TokenCodec codec) {
    return new TextLayout(task, stages, prompts, chat, codec);
  }
}
