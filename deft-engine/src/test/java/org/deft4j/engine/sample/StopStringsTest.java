package org.deft4j.engine.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.deft4j.engine.TestModels;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.tokenizer.Tokenizers;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;

class StopStringsTest {
  private static TokenCodec codec() {
    try (GgufFile f = GgufFile.open(TestModels.stories260K())) {
      return Tokenizers.from(f.metadata());
    }
  }

  @Test
  void findsAStopWhereverTokensAndCodePointsAreCut() {
    TokenCodec codec = codec();
    for (int seed = 0; seed < 1_500; seed++) {
      SplittableRandom r = new SplittableRandom(seed);
      // A small alphabet, so that stops occur; some letters of several bytes.
      String letters = "abé🦙 ";
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 30; i++) {
        text.appendCodePoint(letters.codePoints().skip(r.nextInt(5)).findFirst().orElseThrow());
      }
      List<String> stops = new ArrayList<>();
      for (int i = 0; i <= r.nextInt(3); i++) {
        int[] s = r.ints(1 + r.nextInt(3), 0, 5).toArray();
        StringBuilder stop = new StringBuilder();
        for (int c : s) {
          stop.appendCodePoint(letters.codePoints().skip(c).findFirst().orElseThrow());
        }
        stops.add(stop.toString());
      }
      StopStrings watch = new StopStrings(stops, codec);
      StringBuilder so = new StringBuilder();
      TokenCodec.TextStream stream = codec.stream();
      for (byte b : text.toString().getBytes(StandardCharsets.UTF_8)) {
        OptionalInt token = codec.id("<0x%02X>".formatted(b & 255));
        so.append(stream.accept(token.getAsInt()));
        boolean want = stops.stream().anyMatch(s -> so.indexOf(s) >= 0);
        assertThat(watch.accept(token.getAsInt()))
            .as("seed %s after '%s'", seed, so)
            .isEqualTo(want);
        if (want) {
          break;
        }
      }
    }
  }
}
