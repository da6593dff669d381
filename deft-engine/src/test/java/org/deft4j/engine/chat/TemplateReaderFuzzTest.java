package org.deft4j.engine.chat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Any text as a chat template; mvn -Pfuzz verify searches, a plain build runs what was found. */
class TemplateReaderFuzzTest {
  @FuzzTest(maxDuration = "2m")
  void render(byte[] bytes) {
    try {
      new ChatTemplate(new String(bytes, StandardCharsets.UTF_8), "<s>", "</s>")
          .render(
              List.of(ChatMessage.system("s"), ChatMessage.user("u"), ChatMessage.assistant("a")),
              true,
              Map.of("enable_thinking", false));
    } catch (TemplateException e) {
      // What is not understood is refused.
      if (String.valueOf(e.getMessage()).isEmpty()) {
        throw new AssertionError(e);
      }
    }
  }
}
