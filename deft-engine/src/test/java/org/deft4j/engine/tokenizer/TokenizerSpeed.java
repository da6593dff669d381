package org.deft4j.engine.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;

/**
 * Prints how fast tokenizers encode, one thread, beside the original library in turns: {@code
 * TokenizerSpeed TEXT-FOLDER TOKENIZER.json.gz...}. The text is every file of the folder that ends
 * in .md, .java or .txt.
 */
final class TokenizerSpeed {
  private static final int ROUNDS = 7;

  private TokenizerSpeed() {}

  /** Measures. */
  public static void main(String[] args) throws IOException {
    PrintStream out = System.out;
    List<String> texts = new ArrayList<>();
    long bytes = 0;
    try (var files = Files.walk(Path.of(args[0]))) {
      for (Path p :
          files.filter(f -> f.toString().matches(".*\\.(md|java|txt)")).sorted().toList()) {
        String text = Files.readString(p);
        texts.add(text);
        bytes += text.getBytes(StandardCharsets.UTF_8).length;
      }
    }
    out.printf("%d files, %.1f MB%n", texts.size(), bytes / 1e6);
    for (String name : Arrays.copyOfRange(args, 1, args.length)) {
      String json;
      try (InputStream in = new GZIPInputStream(Files.newInputStream(Path.of(name)))) {
        json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
      TokenCodec ours =
          new TokenizerJson(
                  json,
                  TokenizerFile.Roles.UNKNOWN,
                  what -> new DeftException(DeftException.UNSUPPORTED_MODEL, what))
              .codec();
      double[] mine = new double[ROUNDS];
      double[] theirs = new double[ROUNDS];
      long tokens = 0;
      try (Original original = Original.of(json)) {
        for (int i = -2; i < ROUNDS; i++) {
          tokens = 0;
          long start = System.nanoTime();
          for (String t : texts) {
            tokens += ours.encode(t).length;
          }
          long middle = System.nanoTime();
          long other = 0;
          for (String t : texts) {
            other += original.encode(t).length;
          }
          long end = System.nanoTime();
          if (i >= 0) {
            mine[i] = bytes * 1e3 / (middle - start);
            theirs[i] = bytes * 1e3 / (end - middle);
          }
          if (other == 0) {
            throw new IllegalStateException("nothing was encoded");
          }
        }
      }
      Arrays.sort(mine);
      Arrays.sort(theirs);
      out.printf(
          Locale.ROOT,
          "%-34s ours %6.1f MB/s, original %6.1f MB/s, ratio %.2f, %d tokens%n",
          Path.of(name).getFileName(),
          mine[ROUNDS / 2],
          theirs[ROUNDS / 2],
          mine[ROUNDS / 2] / theirs[ROUNDS / 2],
          tokens);
    }
  }
}
