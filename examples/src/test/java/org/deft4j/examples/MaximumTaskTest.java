package org.deft4j.examples;

import java.util.List;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.testing.AbstractTaskContractTest;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.tree.decode.TokenCodec;

class MaximumTaskTest extends AbstractTaskContractTest {
  @Override
  protected Task task() {
    return new MaximumTask(8);
  }

  @Override
  protected List<TokenCodec> codecs() {
    return List.of(new ScriptedCodec(), new ScriptedCodec("<|bos|>", "<|end|>"));
  }

  @Override
  protected String solve(Problem problem) {
    return Integer.toString(
        ((MaximumProblem) problem).numbers().stream().mapToInt(n -> n).max().orElseThrow());
  }

  @Override
  protected List<String> junk() {
    return List.of("", "three", "1, 2", "1 two", "99999999999");
  }
}
