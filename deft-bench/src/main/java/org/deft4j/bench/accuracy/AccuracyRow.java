package org.deft4j.bench.accuracy;

/**
 * One problem solved, or not, by one entrant.
 *
 * @param data name of the data file
 * @param problem the problem's id within it
 * @param entrant the entrant's {@linkplain Entrant#key key}
 * @param solved whether the answer is exactly right
 * @param error the task's measure of what is wrong
 * @param tokens tokens sampled, for thoughts and by evaluators
 * @param prefilled tokens of prompts and questions that were computed
 * @param seconds wall time
 */
public record AccuracyRow(
    String data,
    String problem,
    String entrant,
    boolean solved,
    double error,
    long tokens,
    long prefilled,
    double seconds) {
  /** What the row is about: no two rows of a log share it. */
  public String key() {
    return data + "\n" + problem + "\n" + entrant;
  }
}
