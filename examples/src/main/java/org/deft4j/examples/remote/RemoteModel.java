package org.deft4j.examples.remote;

import java.net.URI;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.search.driver.SearchResult;

/**
 * Searches with a model behind an OpenAI-compatible server, as llama.cpp's, vLLM's or Ollama's. It
 * teaches how another kind of decoder is put under the same strategies: implement a {@code
 * TreeDecoder}, say what it lacks, and give it to {@link Deft}.
 *
 * <pre>{@code RemoteModel http://localhost:8080 model-name}</pre>
 */
public final class RemoteModel {
  private static final int AT_ONCE = 8;
  private static final int CONTEXT_BYTES = 16_384;

  private RemoteModel() {}

  /** Solves a game of 24 by the best of eight answers. */
  public static void main(String[] args) {
    if (args.length != 2) {
      System.err.println("usage: RemoteModel http://HOST:PORT MODEL");
      return;
    }
    SearchResult result = run(URI.create(args[0]), args[1]);
    System.out.println(result.answer().orElse("no answer") + " solved: " + result.solved());
  }

  static SearchResult run(URI server, String model) {
    DeftModule module = new DeftModule(DeftOptions.of(model));
    try (Deft deft =
        new Deft(module.registry(), new RemoteDecoder(server, model, AT_ONCE, CONTEXT_BYTES))) {
      return deft.search("game-of-24")
          .taskOption("thoughts", "whole")
          .problem("4 9 10 13")
          .strategy("best-of-n")
          .option("width", 8)
          .evaluator("checker")
          .run();
    }
  }
}
