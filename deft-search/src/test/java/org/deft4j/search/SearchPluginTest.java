package org.deft4j.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.TypeLiteral;
import java.util.Map;
import java.util.ServiceLoader;
import org.deft4j.search.spi.DeftPlugin;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;
import org.deft4j.search.spi.TaskFactory;
import org.junit.jupiter.api.Test;

class SearchPluginTest {
  private final Injector injector = Guice.createInjector(new SearchPlugin().modules());
  private final Map<String, StrategyFactory> strategies =
      injector.getInstance(Key.get(new TypeLiteral<Map<String, StrategyFactory>>() {}));
  private final Map<String, EvaluatorFactory> evaluators =
      injector.getInstance(Key.get(new TypeLiteral<Map<String, EvaluatorFactory>>() {}));

  @Test
  void isFoundAsAnyPluginIs() {
    assertThat(ServiceLoader.load(DeftPlugin.class)).anyMatch(SearchPlugin.class::isInstance);
    assertThat(strategies)
        .containsOnlyKeys(
            "greedy",
            "best-of-n",
            "weighted-best-of-n",
            "self-consistency",
            "retry",
            "warming",
            "tot-bfs",
            "tot-dfs",
            "beam",
            "dvts",
            "diverse-beam",
            "rebase",
            "ets",
            "best-first",
            "mcts",
            "ab-mcts-a",
            "ab-mcts-m");
    assertThat(evaluators).containsOnlyKeys("checker", "log-prob", "judge", "vote", "agreement");
    assertThat(injector.getInstance(Key.get(new TypeLiteral<Map<String, TaskFactory>>() {})))
        .isEmpty();
  }

  @Test
  void evaluatorsAreCalledAsTheyAreBound() {
    evaluators.forEach((name, factory) -> {
      assertThat(factory.create(Options.none()).name()).isEqualTo(name);
      assertThat(factory.create(Options.none()).oracle()).isFalse();
      assertThat(factory.description()).isNotBlank().doesNotContain("\n");
    });
  }

  @Test
  void factoriesTakeTheirOwnDefaultsAndRefuseTheRest() {
    strategies.forEach((name, factory) -> {
      Options all = Options.none();
      for (OptionSpec option : factory.options()) {
        all =
            option.defaultValue().isEmpty() ? all : all.with(option.name(), option.defaultValue());
      }
      assertThat(factory.create(all)).isNotNull();
      assertThat(factory.create(Options.none()))
          .as("strategies serve one search")
          .isNotSameAs(factory.create(Options.none()));
      assertThat(factory.description()).isNotBlank();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> factory.create(Options.none().with("colour", "red")))
          .withMessageContaining("colour");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> factory.create(Options.none().with("depth", "0")))
          .withMessageContaining("depth");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> factory.create(Options.none().with("depth", "deep")))
          .withMessageContaining("'deep'");
    });
  }
}
