package org.deft4j.search.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.Beam;
import org.deft4j.search.strategy.Greedy;
import org.deft4j.search.strategy.TokenBeam;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TreeDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Decoders that fail in the middle of searches: those end, with a reason, and nothing waits. */
@Timeout(60)
class DecoderFaultTest {
  private static final LetterProblem WORD = new LetterProblem(3, 2, "aabbcc", true);

  /** Passes all on to a decoder, but throws instead where it is said to. */
  private static final class Faulty implements InvocationHandler {
    private static final Set<String> USED = Set.of("fork", "extend", "choices", "decode", "step");

    final ScriptedDecoder real = LetterProblem.decoder(3);
    final TreeDecoder decoder =
        (TreeDecoder)
            Proxy.newProxyInstance(
                TreeDecoder.class.getClassLoader(), new Class<?>[] {TreeDecoder.class}, this);
    private final DeftException fault;
    private final Predicate<String> fails;

    /** How often it was asked for something that takes memory. */
    int calls;

    /** How often that failed. */
    int failed;

    /**
     * A decoder that fails so.
     *
     * @param fails whether it does, asked before a call of this name
     */
    Faulty(int code, Predicate<String> fails) {
      this.fault = new DeftException(code, "no room or no device");
      this.fails = fails;
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] args) throws Throwable {
      if (USED.contains(method.getName())) {
        calls++;
        if (fails.test(method.getName())) {
          failed++;
          throw fault;
        }
      }
      try {
        return method.invoke(real, args);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }
  }

  private static List<SearchRequest> requests() {
    return List.of(
        SearchRequest.of(WORD, new TokenBeam(new TokenBeam.Config(4, 2, 9, 1))),
        SearchRequest.of(WORD, new Greedy()),
        SearchRequest.of(WORD, new TokenBeam(new TokenBeam.Config(3, 3, 9, 1))),
        SearchRequest.of(
                WORD,
                new TotBfs(new TotBfs.Config(4, 0, 2, 6, 1, TotBfs.Generate.SAMPLE, true, .5)))
            .withEvaluator(new Judge(2)));
  }

  /** The trees of all searches, "memory" for those that it ended, "none" if it ended the driver. */
  private static List<String> run(Faulty faulty) {
    return run(faulty, requests());
  }

  private static List<String> run(Faulty faulty, List<SearchRequest> requests) {
    SearchDriver driver = new SearchDriver(faulty.decoder);
    List<Search> searches = new ArrayList<>();
    try {
      for (SearchRequest request : requests) {
        searches.add(driver.submit(request));
      }
      while (driver.step()) {}
    } catch (DeftException e) {
      assertThat(e).isSameAs(faulty.fault);
    }
    assertThat(faulty.real.nodeCount()).as("all is freed").isZero();
    faulty.real.close();
    return searches.stream().map(s -> told(s, faulty.fault)).toList();
  }

  private static String told(Search search, DeftException fault) {
    SearchResult result = search.result().orElse(null);
    if (result == null) {
      return "none";
    }
    boolean memory = result.stopped() == StopReason.MEMORY;
    assertThat(search.cause().isPresent()).isEqualTo(memory);
    search.cause().ifPresent(e -> assertThat(e).isSameAs(fault));
    assertThat(result.answer()).isEqualTo(search.current().flatMap(t -> t.answer()));
    return memory ? "memory" : result.treeHash();
  }

  /** Once, at any call: whoever was not ended by it grows the tree of an undisturbed search. */
  @Test
  void roomThatIsMissedOnceEndsAtMostOneSearch() {
    Faulty sound = new Faulty(DeftException.OUT_OF_MEMORY, _ -> false);
    List<String> whole = run(sound);
    assertThat(whole).doesNotContain("memory", "none");
    int ended = 0;
    for (int i = 1; i <= sound.calls; i++) {
      int at = i;
      Faulty[] once = new Faulty[1];
      once[0] = new Faulty(DeftException.OUT_OF_MEMORY, _ -> once[0].calls == at);
      List<String> got = run(once[0]);
      int lost = 0;
      for (int s = 0; s < whole.size(); s++) {
        if (got.get(s).equals("memory") || got.get(s).equals("none")) {
          lost++;
        } else {
          assertThat(got.get(s)).as("search %d, call %d", s, i).isEqualTo(whole.get(s));
        }
      }
      assertThat(lost).as("call %d", i).isLessThanOrEqualTo(1);
      ended += lost;
    }
    // Most of it is made up for by fewer branches at a time.
    assertThat(ended).isLessThan(sound.calls / 4);
  }

  /** For good, from any number of nodes on: every search ends, and none is waited for for ever. */
  @Test
  void roomThatIsNeverThereEndsSearchesOneByOne() {
    for (int nodes = 0; nodes < 40; nodes++) {
      int most = nodes;
      Faulty[] cramped = new Faulty[1];
      cramped[0] = new Faulty(DeftException.OUT_OF_MEMORY, _ -> cramped[0].real.nodeCount() > most);
      assertThat(run(cramped[0])).isNotEmpty();
    }
  }

  /** As a device whose memory holds the activations of so many rows, for good. */
  @ParameterizedTest
  @ValueSource(ints = {3, 10, 60})
  void stepsThatAreTooWideGetNarrowInFewSteps(int most) {
    int[] branches = {0};
    Faulty sound =
        new Faulty(
            DeftException.OUT_OF_MEMORY,
            call -> {
              branches[0] += call.equals("decode") || call.equals("choices") ? 1 : 0;
              return false;
            });
    List<String> whole = run(sound, wide());
    Faulty[] narrow = new Faulty[1];
    narrow[0] =
        new Faulty(
            DeftException.OUT_OF_MEMORY,
            call -> call.equals("step") && narrow[0].real.busyCount() > most);
    assertThat(run(narrow[0], wide())).isEqualTo(whole).doesNotContain("memory", "none");
    // A branch that ends lets in one more than fits and leaves a thought that is idle: a step that
    // fails takes one of the former back or lets one of the latter be evicted, at least.
    assertThat(narrow[0].failed).isPositive().isLessThan(2 * branches[0]);
  }

  /** Searches of 200 branches at once, some of them in waves. */
  private static List<SearchRequest> wide() {
    List<SearchRequest> all = new ArrayList<>();
    for (int seed = 0; seed < 3; seed++) {
      SearchRequest request =
          SearchRequest.of(WORD, new Beam(new Beam.Config(20, 10, 3, 0.8, Beam.Aggregate.LAST, 0)))
              .withEvaluator(new Judge(2))
              .withSeed(seed);
      all.add(seed == 0 ? request : request.ordered(64));
    }
    return all;
  }

  /** A lost device ends all searches of a service but those that had ended, and each one after. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 20})
  void aLostDeviceEndsEverySearchOfAService(int steps) throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    int[] left = {steps};
    Faulty lost = new Faulty(DeftException.RUNTIME, _ -> ended.getCount() == 0 && left[0]-- <= 0);
    SearchService service = new SearchService(lost.decoder);
    SearchHandle small =
        service.submit(
            SearchRequest.of(WORD, new Greedy())
                .withListener(e -> {
                  if (e instanceof SearchEvent.Finished) {
                    // From a number of calls on, of which the first is in the same step.
                    ended.countDown();
                  }
                }));
    List<SearchHandle> large = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      large.add(
          service.submit(
              SearchRequest.of(new LetterProblem(4000, 1, "z".repeat(4000), false), new Greedy())));
    }
    assertThat(small.result().get(30, TimeUnit.SECONDS).stopped()).isEqualTo(StopReason.FINISHED);
    large.add(service.submit(SearchRequest.of(WORD, new Greedy())));
    for (SearchHandle handle : large) {
      assertThatThrownBy(() -> handle.result().get(30, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCause(lost.fault);
    }
    service.close();
    assertThat(lost.real.nodeCount()).isZero();
  }
}
