package org.deft4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;

class BackendsTest {
  private static final BackendOptions ONE = BackendOptions.defaults().withThreads(1);

  private record Broken(String name, int priority, boolean absent) implements BackendProvider {
    Broken(String name, int priority) {
      this(name, priority, false);
    }

    @Override
    public Optional<String> unusable(BackendOptions options) {
      return Optional.of("no such device; plug one in");
    }

    @Override
    public Backend open(BackendOptions options) {
      throw new AssertionError("opened although unusable");
    }
  }

  /** A backend without any {@link ModelPart}; closing it is counted. */
  private record Bare(AtomicInteger closed) implements BackendProvider {
    @Override
    public String name() {
      return "bare";
    }

    @Override
    public int priority() {
      return 20;
    }

    @Override
    public Optional<String> unusable(BackendOptions options) {
      return Optional.empty();
    }

    @Override
    public Backend open(BackendOptions options) {
      return (Backend)
          Proxy.newProxyInstance(
              Backend.class.getClassLoader(),
              new Class<?>[] {Backend.class},
              (proxy, method, args) ->
                  switch (method.getName()) {
                    case "info" -> new BackendInfo("bare", "bare", 1, 0, true);
                    case "parts" -> Set.of();
                    case "close" -> {
                      closed.incrementAndGet();
                      yield null;
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                  });
    }
  }

  @Test
  void aBackendThatLacksWhatAModelNeedsIsPassedOverOrRefused() {
    Bare bare = new Bare(new AtomicInteger());
    List<BackendProvider> providers = List.of(bare, Backends.providers().getLast());
    Set<ModelPart> needs = Set.of(ModelPart.GEGLU);
    try (Backend b = Backends.select(Backends.AUTO, ONE, needs, providers)) {
      assertThat(b.info().name()).isEqualTo("scalar");
    }
    assertThat(bare.closed.get()).isEqualTo(1);
    assertThatThrownBy(() -> Backends.select("bare", ONE, needs, providers))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("gated by GELU")
        .hasMessageContaining("--backend panama");
    assertThat(bare.closed.get()).isEqualTo(2);
    try (Backend b = Backends.select(Backends.AUTO, ONE, Set.of(), providers)) {
      assertThat(b.info().name()).isEqualTo("bare");
    }
  }

  @Test
  void theClassPathOffersPanamaBeforeScalar() {
    assertThat(Backends.providers())
        .extracting(BackendProvider::name)
        .containsSubsequence("panama", "scalar");
  }

  @Test
  void anExplicitUnusableChoiceIsAnErrorWithTheReason() {
    List<BackendProvider> providers = List.of(new Broken("cuda", 20));
    assertThatThrownBy(() -> Backends.select("cuda", ONE, providers))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("cuda")
        .hasMessageContaining("plug one in")
        .extracting(e -> ((DeftException) e).exitCode())
        .isEqualTo(DeftException.BACKEND_UNAVAILABLE);
  }

  @Test
  void anAutomaticChoiceFallsBack() {
    List<BackendProvider> providers =
        List.of(new Broken("cuda", 20), Backends.providers().getLast());
    try (Backend b = Backends.select(Backends.AUTO, ONE, providers)) {
      assertThat(b.info().name()).isEqualTo("scalar");
      assertThat(b.info().threads()).isEqualTo(1);
    }
    assertThatThrownBy(() -> Backends.select(Backends.AUTO, ONE, providers.subList(0, 1)))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("plug one in");
  }

  /** A backend that can be used until it is opened: on a device that is full, for instance. */
  private record Full() implements BackendProvider {
    @Override
    public String name() {
      return "full";
    }

    @Override
    public int priority() {
      return 20;
    }

    @Override
    public Optional<String> unusable(BackendOptions options) {
      return Optional.empty();
    }

    @Override
    public Backend open(BackendOptions options) {
      throw new DeftException(DeftException.OUT_OF_MEMORY, "not enough device memory");
    }
  }

  private static List<LogRecord> warnings(BackendProvider first) {
    List<LogRecord> told = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            if (record.getLevel().intValue() >= Level.WARNING.intValue()) {
              told.add(record);
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger log = Logger.getLogger(Backends.class.getName());
    log.addHandler(handler);
    try (Backend b =
        Backends.select(Backends.AUTO, ONE, List.of(first, Backends.providers().getLast()))) {
      assertThat(b.info().name()).isEqualTo("scalar");
    } finally {
      log.removeHandler(handler);
    }
    return told;
  }

  /** A fallback is told in one line, unless there is nothing of the kind on this machine. */
  @Test
  void anAutomaticChoiceThatFellBackSaysSo() {
    assertThat(warnings(new Broken("cuda", 20)))
        .extracting(LogRecord::getMessage)
        .containsExactly("backend passed over, cuda: no such device; plug one in");
    assertThat(warnings(new Full()))
        .extracting(LogRecord::getMessage)
        .containsExactly("backend passed over, full: not enough device memory");
    assertThat(warnings(new Broken("cuda", 20, true))).isEmpty();
    assertThatThrownBy(() -> Backends.select("full", ONE, List.of(new Full())))
        .isInstanceOfSatisfying(
            DeftException.class,
            e -> assertThat(e.exitCode()).isEqualTo(DeftException.OUT_OF_MEMORY));
  }

  @Test
  void anUnknownNameListsTheKnownOnes() {
    assertThatThrownBy(() -> Backends.select("gpu", ONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("panama")
        .hasMessageContaining("scalar");
  }

  @Test
  void aWidthOtherThanTheProcessHasIsRefusedWithTheFlagToSet() {
    try (Backend b = Backends.select("panama", ONE)) {
      int other = b.info().vectorBits() == 128 ? 256 : 128;
      assertThatThrownBy(() -> Backends.select("panama", ONE.withVectorBits(other)))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("-Ddeft.vector.bits=" + other);
    }
  }

  @Test
  void optionsAreChecked() {
    assertThatThrownBy(() -> new BackendOptions(-1, 0, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BackendOptions(1, 64, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(ONE.withDeterministic(true).deterministic()).isTrue();
    assertThat(BackendOptions.defaults().effectiveThreads()).isPositive();
  }
}
