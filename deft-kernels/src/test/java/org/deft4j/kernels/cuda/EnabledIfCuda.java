package org.deft4j.kernels.cuda;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Skips, saying why, where no CUDA device can be used; carries the tag {@code gpu}. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Tag("gpu")
@ExtendWith(EnabledIfCuda.Condition.class)
public @interface EnabledIfCuda {
  /** Asks for a device once a test run. */
  final class Condition implements ExecutionCondition {
    private static final Optional<String> UNUSABLE = CudaProbe.unusable();

    /** For JUnit. */
    public Condition() {}

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      return UNUSABLE
          .map(why -> ConditionEvaluationResult.disabled("no CUDA device: " + why))
          .orElseGet(() -> ConditionEvaluationResult.enabled("a CUDA device is here"));
    }
  }
}
