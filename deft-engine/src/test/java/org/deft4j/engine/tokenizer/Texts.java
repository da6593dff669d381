package org.deft4j.engine.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;

/** Seeded texts of all scripts, emoji, white space, numbers, code and damaged UTF-8. */
final class Texts {
  // Ranges of letters of many scripts, all of them in Unicode for long.
  private static final int[][] SCRIPTS = {
    {'a', 'z'},
    {'A', 'Z'},
    {0xC0, 0x17F},
    {0x370, 0x3CE},
    {0x400, 0x44F},
    {0x531, 0x556},
    {0x5D0, 0x5EA},
    {0x620, 0x64A},
    {0x905, 0x939},
    {0x985, 0x9B9},
    {0xE01, 0xE2E},
    {0x10A0, 0x10FF},
    {0x1100, 0x1112},
    {0x13A0, 0x13F4},
    {0x1780, 0x17B3},
    {0x1E00, 0x1EFF},
    {0x3041, 0x3096},
    {0x30A1, 0x30FA},
    {0x4E00, 0x9FA5},
    {0xAC00, 0xD7A3},
    {0xFF21, 0xFF5A},
    {0x10330, 0x1034A},
    {0x12000, 0x12200},
    {0x1D400, 0x1D454},
    {0x20000, 0x20100}
  };
  // Marks that combine with what is before them, or join it with what follows.
  private static final int[] MARKS = {
    0x300, 0x301, 0x308, 0x327, 0x483, 0x5B0, 0x64B, 0x93E, 0x94D, 0xE31, 0x1161, 0x11A8, 0x200D,
    0x200C, 0xFE0F, 0x3099, 0x1F3FD, 0x20E3
  };
  private static final int[] SPACES = {
    ' ', ' ', ' ', '\t', '\n', '\n', '\r', 0x0B, 0x0C, 0x85, 0xA0, 0x1680, 0x2003, 0x2028, 0x2029,
    0x202F, 0x205F, 0x3000, 0x200B, 0xFEFF
  };
  private static final String[] PARTS = {
    "'s",
    "'LL",
    "'ve",
    "'T",
    "’s",
    "don't",
    "'\u017F",
    "->",
    "!=",
    "//",
    "/*",
    "{\n",
    "}\n\n",
    "();",
    "$x",
    "http://a.b/c?d=e",
    "1st",
    "3.14",
    "1,000,000",
    "2026-11-25",
    "x²",
    "½",
    "Ⅷ",
    "٣٤٥",
    "१२३",
    "<s>",
    "</s>",
    "<|im_start|>",
    "<|eot_id|>",
    "<unk>",
    "<0x0A>",
    "▁",
    "▁▁",
    "Ġ",
    "ﬁ",
    "ẞ",
    "Å",
    "e\u0301",
    "🙂",
    "👩‍👩‍👧",
    "🏳️‍🌈",
    "🇩🇪",
    "👍🏽",
    "\u0000",
    "\u0001",
    "\u007f",
    "\u0378",
    "\uFFFD"
  };
  private static final List<String> WORDS =
      List.of(
          "the",
          "of",
          "Once",
          "upon",
          "time",
          "internationalization",
          "hello",
          "WORLD",
          "camelCase",
          "snake_case",
          "naïve",
          "Straße",
          "привет",
          "мир",
          "世界",
          "你好",
          "こんにちは",
          "안녕하세요",
          "مرحبا",
          "שלום",
          "नमस्ते",
          "สวัสดี",
          "Γειά",
          "return",
          "int",
          "class",
          "def",
          "null");

  private Texts() {}

  static String of(long seed) {
    SplittableRandom r = new SplittableRandom(seed);
    StringBuilder s = new StringBuilder();
    int parts = 1 + r.nextInt(r.nextInt(10) == 0 ? 120 : 25);
    for (int i = 0; i < parts; i++) {
      switch (r.nextInt(9)) {
        case 0 -> script(r, s);
        case 1 -> {
          for (int n = 1 + r.nextInt(r.nextInt(4) == 0 ? 20 : 3); n > 0; n--) {
            s.appendCodePoint(SPACES[r.nextInt(SPACES.length)]);
          }
        }
        case 2 -> s.append(PARTS[r.nextInt(PARTS.length)]);
        case 3 -> s.append(r.nextLong() >>> r.nextInt(1, 60));
        case 4 -> {
          for (int n = r.nextInt(4); n >= 0; n--) {
            s.append((char) r.nextInt(0x21, 0x7F));
          }
        }
        case 5 -> s.append(damaged(r));
        default ->
            s.append(r.nextInt(3) == 0 ? "" : " ").append(WORDS.get(r.nextInt(WORDS.size())));
      }
    }
    return s.toString();
  }

  private static void script(SplittableRandom r, StringBuilder s) {
    int[] range = SCRIPTS[r.nextInt(SCRIPTS.length)];
    for (int n = 1 + r.nextInt(8); n > 0; n--) {
      s.appendCodePoint(r.nextInt(range[0], range[1] + 1));
      if (r.nextInt(6) == 0) {
        s.appendCodePoint(MARKS[r.nextInt(MARKS.length)]);
      }
    }
  }

  /** What a reader makes of UTF-8 with bytes cut off or changed. */
  private static String damaged(SplittableRandom r) {
    byte[] b = WORDS.get(r.nextInt(WORDS.size())).getBytes(StandardCharsets.UTF_8);
    b[r.nextInt(b.length)] = (byte) r.nextInt();
    return new String(b, 0, 1 + r.nextInt(b.length), StandardCharsets.UTF_8);
  }
}
