package org.deft4j.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** llama.cpp behind a pipe; see {@code deft-bench/peers}. */
final class LlamaPeer implements AutoCloseable {
  private final Process process;
  private final PrintStream in;
  private final BufferedReader out;

  LlamaPeer(String command) throws IOException {
    process =
        new ProcessBuilder(command.trim().split(" +"))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    in = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
    out = process.inputReader(StandardCharsets.US_ASCII);
  }

  /** Seconds for the prompt, then for each level. */
  double[] run(TreeCase tree, int prompt, boolean flash) throws IOException {
    StringBuilder line = new StringBuilder();
    line.append(flash ? 1 : 0).append(' ').append(prompt).append(' ').append(tree.levels().size());
    for (TreeCase.Level l : tree.levels()) {
      line.append(' ').append(l.branches()).append(' ').append(l.tokens());
    }
    in.println(line);
    String answer = out.readLine();
    if (answer == null) {
      throw new IOException("the peer ended");
    }
    String[] parts = answer.trim().split(" ");
    double[] seconds = new double[parts.length];
    for (int i = 0; i < parts.length; i++) {
      seconds[i] = Double.parseDouble(parts[i]);
      if (seconds[i] < 0) {
        throw new IOException("llama.cpp refused " + tree);
      }
    }
    return seconds;
  }

  @Override
  public void close() {
    in.close();
    process.destroy();
  }
}
