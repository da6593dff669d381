package org.deft4j.tasks.sorting;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.tasks.text.Numbers;

/**
 * A list of digits 0 to 9, as a value.
 *
 * @param values the digits in order
 */
public record Digits(List<Integer> values) {
  /** Longer lists of faults would not help a model. */
  private static final int MOST_FAULTS = 10;

  /** Checks and copies. */
  public Digits {
    values = List.copyOf(values);
    for (int i = 0; i < values.size(); i++) {
      if (values.get(i) < 0 || values.get(i) > 9) {
        throw new IllegalArgumentException(
            "number " + (i + 1) + " is " + values.get(i) + "; sorting takes digits 0 to 9");
      }
    }
  }

  /**
   * Reads {@code [3, 1, 2]}; blanks are free, and the brackets may be left out.
   *
   * @throws IllegalArgumentException saying in one line what is wrong
   */
  public static Digits parse(String text) {
    return new Digits(Numbers.parse(text));
  }

  /** How many there are. */
  public int size() {
    return values.size();
  }

  /** The same digits in ascending order. */
  public Digits sorted() {
    return new Digits(values.stream().sorted().toList());
  }

  /**
   * Errors of an answer, as Graph of Thoughts counts them (Besta et al., 2024): for each digit the
   * difference of its counts, and the adjacent pairs of the answer that descend.
   */
  public int errorsOf(Digits answer) {
    int[] counts = new int[10];
    values.forEach(d -> counts[d]++);
    answer.values.forEach(d -> counts[d]--);
    int errors = 0;
    for (int count : counts) {
      errors += Math.abs(count);
    }
    for (int i = 1; i < answer.size(); i++) {
      errors += answer.values.get(i - 1) > answer.values.get(i) ? 1 : 0;
    }
    return errors;
  }

  /**
   * What is wrong with an answer, in words for the model that gave it: {@code one 3 is missing, two
   * 5s are too many, 4 stands before 2}. Empty for a right one.
   */
  public String faultsOf(Digits answer) {
    int[] counts = new int[10];
    values.forEach(d -> counts[d]++);
    answer.values.forEach(d -> counts[d]--);
    List<String> faults = new ArrayList<>();
    for (int d = 0; d < 10; d++) {
      int n = Math.abs(counts[d]);
      if (n > 0) {
        faults.add(
            (n == 1 ? "one " + d + " is " : n + " " + d + "s are ")
                + (counts[d] > 0 ? "missing" : "too many"));
      }
    }
    for (int i = 1; i < answer.size() && faults.size() < MOST_FAULTS; i++) {
      if (answer.values.get(i - 1) > answer.values.get(i)) {
        faults.add(answer.values.get(i - 1) + " stands before " + answer.values.get(i));
      }
    }
    return String.join(", ", faults);
  }

  /** As {@code [3, 1, 2]}. */
  @Override
  public String toString() {
    return Numbers.write(values);
  }
}
