package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FormatTest {
  @Test
  void bytes() {
    assertThat(Format.bytes(0)).isEqualTo("0 B");
    assertThat(Format.bytes(999)).isEqualTo("999 B");
    assertThat(Format.bytes(1000)).isEqualTo("1.0 kB");
    assertThat(Format.bytes(999_960)).isEqualTo("1.0 MB");
    assertThat(Format.bytes(15_400_000)).isEqualTo("15.4 MB");
    assertThat(Format.bytes(Long.MAX_VALUE)).isEqualTo("9.2 EB");
  }

  @Test
  void counts() {
    assertThat(Format.count(1234567)).isEqualTo("1,234,567");
    assertThat(Format.scaled(14_200_000)).isEqualTo("14.2M");
    assertThat(Format.scaled(12)).isEqualTo("12");
    assertThat(Format.plural(1, "node")).isEqualTo("1 node");
    assertThat(Format.plural(2, "branch", "branches")).isEqualTo("2 branches");
  }

  @Test
  void numbers() {
    assertThat(Format.number(3)).isEqualTo("3");
    assertThat(Format.number(0.98765)).isEqualTo("0.988");
    assertThat(Format.seconds(1.234)).isEqualTo("1.23 s");
    assertThat(Format.seconds(61.26)).isEqualTo("61.3 s");
  }

  @Test
  void textsOfOneLine() {
    assertThat(Cli.oneLine(" a\n  b\tc\033[2J ")).isEqualTo("a b?c?[2J");
    assertThat(Cli.oneLine(null)).isEqualTo("unknown error");
  }
}
