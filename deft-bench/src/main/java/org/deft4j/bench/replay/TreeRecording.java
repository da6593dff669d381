package org.deft4j.bench.replay;

import java.util.List;
import org.deft4j.bench.attention.Workload;
import org.deft4j.tree.replay.TreeTemplate;
import org.jspecify.annotations.Nullable;

/** A recorded tree of thoughts. */
record TreeRecording(String name, int record, TreeTemplate template) implements Recording {
  @Override
  public int steps() {
    return template.steps();
  }

  @Override
  public int promptTokens() {
    return template.promptTokens();
  }

  @Override
  public boolean draft() {
    return false;
  }

  @Override
  public List<Integer> thoughtLengths() {
    List<TreeTemplate.Node> nodes = template.nodes();
    return nodes.subList(1, nodes.size()).stream().map(TreeTemplate.Node::value).toList();
  }

  @Override
  public @Nullable Workload at(int step, int prompt) {
    boolean live =
        template.nodes().stream().skip(1).anyMatch(n -> n.start() <= step && step <= n.end());
    return live ? Workload.at(name + ", step " + step, template, step, prompt) : null;
  }
}
