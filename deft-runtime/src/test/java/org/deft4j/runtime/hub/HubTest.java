package org.deft4j.runtime.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a hub on this machine that drops connections and damages bytes. */
class HubTest {
  @TempDir Path home;
  private final HubServer server = new HubServer();
  private final byte[] weights = new byte[300_000];
  private final List<String> progress = new ArrayList<>();

  HubTest() {
    new SplittableRandom(3).nextBytes(weights);
    server.file("config.json", "{}".getBytes(StandardCharsets.UTF_8));
    server.file("model.safetensors", weights);
    server.file("tokenizer.json", "{ }".getBytes(StandardCharsets.UTF_8));
    server.file("tokenizer.model", new byte[5]);
    server.file("README.md", new byte[7]);
    server.file("pytorch_model.bin", new byte[9]);
  }

  @AfterEach
  void close() {
    server.close();
  }

  private Hub hub(Optional<String> token, boolean offline) {
    return new Hub(
        new HubSettings(server.endpoint(), home.resolve("hub"), token, offline),
        (file, done, total) -> progress.add(file + " " + done + "/" + total),
        5,
        Duration.ofMillis(2));
  }

  private static HubModel model(String name) {
    return HubModel.parse(name).orElseThrow();
  }

  private long gets() {
    return server.requests.stream().filter(r -> r.startsWith("GET /cdn/model.safe")).count();
  }

  @Test
  void aModelLiesAsTheHubsOwnToolsLayItOut() throws IOException {
    Path folder = hub(Optional.of("secret"), false).resolve(model("org/name"));
    Path repository = home.resolve("hub/models--org--name");
    assertThat(folder).isEqualTo(repository.resolve("snapshots/" + HubServer.COMMIT));
    assertThat(Files.readAllBytes(folder.resolve("model.safetensors"))).isEqualTo(weights);
    assertThat(Files.readSymbolicLink(folder.resolve("model.safetensors")))
        .isEqualTo(Path.of("../../blobs/" + server.hash(weights)));
    assertThat(Files.readString(repository.resolve("refs/main"))).isEqualTo(HubServer.COMMIT);
    try (var files = Files.list(folder)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder("config.json", "model.safetensors", "tokenizer.json");
    }
    assertThat(progress).contains("model.safetensors 300000/300000");
    // The token goes to the hub and nowhere else.
    assertThat(server.requests).allMatch(r -> r.endsWith("true") != r.contains("/cdn/"));
    int before = server.requests.size();
    assertThat(hub(Optional.empty(), true).resolve(model("org/name"))).isEqualTo(folder);
    assertThat(server.requests).hasSize(before);
    assertThat(hub(Optional.empty(), true).resolve(model("org/name@" + HubServer.COMMIT)))
        .isEqualTo(folder);
  }

  @Test
  void aBrokenConnectionIsResumed() throws IOException {
    server.drops = 3;
    server.dropAfter = 70_000;
    Path folder = hub(Optional.empty(), false).resolve(model("org/name"));
    assertThat(Files.readAllBytes(folder.resolve("model.safetensors"))).isEqualTo(weights);
    assertThat(server.requests)
        .anyMatch(r -> r.matches("GET /cdn/model.safetensors bytes=[1-9]\\d*- false"));
  }

  @Test
  void aServerWithoutRangesStartsAnew() throws IOException {
    server.drops = 3;
    server.dropAfter = 70_000;
    server.ignoresRanges = true;
    Path folder = hub(Optional.empty(), false).resolve(model("org/name"));
    assertThat(Files.readAllBytes(folder.resolve("model.safetensors"))).isEqualTo(weights);
  }

  @Test
  void damagedBytesAreNeverKept() throws IOException {
    server.damages = 3;
    Path folder = hub(Optional.empty(), false).resolve(model("org/name"));
    assertThat(Files.readAllBytes(folder.resolve("model.safetensors"))).isEqualTo(weights);
    assertThat(Files.readString(folder.resolve("config.json"))).isEqualTo("{}");
    server.damages = 1000;
    server.file("config.json", "{\"a\":1}".getBytes(StandardCharsets.UTF_8));
    try (var links = Files.list(folder)) {
      for (Path p : links.toList()) {
        Files.delete(p);
      }
    }
    Files.delete(home.resolve("hub/models--org--name/refs/main"));
    assertThatThrownBy(() -> hub(Optional.empty(), false).resolve(model("org/name")))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("arrived damaged");
    assertThat(folder.resolve("config.json")).doesNotExist();
  }

  @Test
  void smallFilesAreCheckedByGitsHash() throws IOException {
    server.large = false;
    server.damages = 1;
    Path folder = hub(Optional.empty(), false).resolve(model("org/name"));
    assertThat(Files.readAllBytes(folder.resolve("model.safetensors"))).isEqualTo(weights);
    assertThat(server.hash(weights)).hasSize(40);
    assertThat(gets()).isPositive();
  }

  @Test
  void refusalsSayWhatToDo() {
    server.needsToken = true;
    refused("org/name", Optional.empty(), false, "set HF_TOKEN");
    server.needsToken = false;
    refused("org/other", Optional.empty(), false, "no such model, revision or file");
    refused("org/name", Optional.empty(), true, "HF_HUB_OFFLINE forbids downloads");
    server.close();
    refused("org/name", Optional.empty(), false, "cannot be downloaded");
  }

  private void refused(String name, Optional<String> token, boolean offline, String why) {
    assertThatThrownBy(() -> hub(token, offline).resolve(model(name)))
        .isInstanceOf(DeftException.class)
        .hasMessageStartingWith("model " + name + ": ")
        .hasMessageContaining(why)
        .extracting(e -> ((DeftException) e).exitCode())
        .isEqualTo(DeftException.MODEL_NOT_FOUND);
  }

  @Test
  void ggufFilesAreChosen() {
    HubServer other = server;
    for (String name : List.of("config.json", "model.safetensors")) {
      other.file(name + ".txt", new byte[1]);
    }
    other.file("a-q4.gguf", new byte[11]).file("b-00001-of-00002.gguf", new byte[12]);
    other.file("b-00002-of-00002.gguf", new byte[13]);
    Path file = hub(Optional.empty(), false).resolve(model("org/name:a-q4.gguf"));
    assertThat(file).hasFileName("a-q4.gguf").hasSize(11);
    Path first = hub(Optional.empty(), false).resolve(model("org/name:b-00001-of-00002.gguf"));
    assertThat(first).hasSize(12);
    assertThat(first.resolveSibling("b-00002-of-00002.gguf")).hasSize(13);
    refused("org/name:c.gguf", Optional.empty(), false, "it has: a-q4.gguf, b-00001-of-00002.gguf");
  }

  @Test
  void namesAndSettings() {
    assertThat(model("org/name").revision()).isEqualTo("main");
    assertThat(model("org/name:f.gguf@v1").file()).hasValue("f.gguf");
    assertThat(model("org/name@refs/pr/1").revision()).isEqualTo("refs/pr/1");
    for (String s : List.of("name", "a/b/c", "../x", "a/..", "/a/b", "a/b@", "a/b@../c", "a /b")) {
      assertThat(HubModel.parse(s)).as(s).isEmpty();
    }
    HubSettings plain = HubSettings.of(Map.of(), home);
    assertThat(plain.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(plain.endpoint()).isEqualTo(URI.create("https://huggingface.co"));
    HubSettings set =
        HubSettings.of(
            Map.of(
                "HF_HOME", home.resolve("hf").toString(),
                "HF_TOKEN", " abc ",
                "HF_ENDPOINT", "http://mirror:8080/x",
                "HF_HUB_OFFLINE", "1"),
            home);
    assertThat(set.cache()).isEqualTo(home.resolve("hf/hub"));
    assertThat(set.token()).hasValue("abc");
    assertThat(set.offline()).isTrue();
    assertThat(set.toString()).doesNotContain("abc");
    assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", "ftp://x"), home))
        .isInstanceOf(DeftException.class);
  }
}
