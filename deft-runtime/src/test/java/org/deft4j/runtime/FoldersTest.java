package org.deft4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FoldersTest {
  private static final Path HOME = Path.of("/home/u");

  private static Folders of(String system, Map<String, String> env) {
    return Folders.of(env, HOME, system, Optional.empty());
  }

  @Test
  void followsTheConventionsOfEachSystem() {
    Folders linux = of("Linux", Map.of());
    assertThat(linux.data()).isEqualTo(Path.of("/home/u/.local/share/deft"));
    assertThat(linux.cache()).isEqualTo(Path.of("/home/u/.cache/deft"));
    Folders mac = of("Mac OS X", Map.of());
    assertThat(mac.data()).isEqualTo(Path.of("/home/u/Library/Application Support/deft"));
    assertThat(mac.cache()).isEqualTo(Path.of("/home/u/Library/Caches/deft"));
    Folders windows = of("Windows 11", Map.of());
    assertThat(windows.data()).isEqualTo(Path.of("/home/u/AppData/Local/deft"));
  }

  @Test
  void xdgVariablesWinWhenAbsolute() {
    Folders f = of("Linux", Map.of("XDG_DATA_HOME", "/data", "XDG_CACHE_HOME", "relative"));
    assertThat(f.data()).isEqualTo(Path.of("/data/deft"));
    assertThat(f.cache()).isEqualTo(Path.of("/home/u/.cache/deft"));
  }
}
