package org.deft4j.tasks.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvTest {
  @TempDir Path folder;

  private Csv read(String text) throws IOException {
    return Csv.read(Files.writeString(folder.resolve("x.csv"), text), Integer.MAX_VALUE);
  }

  private void assertError(String text, String message) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(((DeftException) e).exitCode()).isEqualTo(2))
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  @Test
  void readsQuotesCommasBreaksAndDoubledQuotes() throws IOException {
    Csv csv = read("\uFEFFa, B \r\n\"1,\"\"2\"\"\n3\",\r\n\r\n,\"\"\nx,y");
    assertThat(csv.rows())
        .containsExactly(
            new Csv.Row(2, List.of("1,\"2\"\n3", "")),
            new Csv.Row(5, List.of("", "")),
            new Csv.Row(6, List.of("x", "y")));
    assertThat(csv.field(csv.rows().getLast(), "b")).isEqualTo("y");
    assertThat(csv.has("A")).isTrue();
    assertThat(csv.has("c")).isFalse();
    assertThatThrownBy(() -> csv.field(csv.rows().getFirst(), "c"))
        .hasMessageContaining("no column 'c'; it has a, B");
  }

  @Test
  void namesTheLineOfWhatIsWrong() {
    assertError("a,b\n1,2\n1,2,3\n", "line 3 has 3 fields, the header has 2");
    assertError("a,b\n\"1\n2\",3\n1\n", "line 4 has 1 fields");
    assertError("a,b\n1,\"2\n3\n", "line 2 opens a quote that is never closed");
    assertError("a,b\n1,\"2\"3\n", "line 2 has text after a closing quote");
    assertError("a,b\n1,2\"3\n", "line 2 has a quote inside a field");
    assertError("", "is empty");
  }

  @Test
  void namesFilesThatCannotBeRead() throws IOException {
    assertThatThrownBy(() -> Csv.read(folder.resolve("none.csv"), 1))
        .hasMessageStartingWith("no file ");
    Path latin = folder.resolve("latin.csv");
    Files.write(latin, "ä".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> Csv.read(latin, 1)).hasMessageContaining("not UTF-8");
    assertThatThrownBy(() -> Csv.read(folder, 1)).hasMessageContaining("cannot read");
  }

  @Test
  void stopsAtTheLimit() throws IOException {
    Path file = Files.writeString(folder.resolve("y.csv"), "a\n1\n2\nbroken,row\n");
    assertThat(Csv.read(file, 2).rows()).hasSize(2);
    assertThat(Csv.read(file, 0).rows()).isEmpty();
  }
}
