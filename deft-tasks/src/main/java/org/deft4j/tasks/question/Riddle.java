package org.deft4j.tasks.question;

import java.util.List;
import java.util.Random;

/**
 * A made-up question of two or three steps of arithmetic.
 *
 * @param question the question
 * @param answer its answer
 */
record Riddle(String question, long answer) {
  private static final List<String> PEOPLE = List.of("Ada", "Bruno", "Clara", "Farid", "Greta");
  private static final List<String> THINGS = List.of("pens", "apples", "tiles", "stamps", "eggs");

  static Riddle of(long seed) {
    Random random = new Random(seed);
    String who = PEOPLE.get(random.nextInt(PEOPLE.size()));
    String what = THINGS.get(random.nextInt(THINGS.size()));
    int a = 3 + random.nextInt(17);
    int b = 2 + random.nextInt(11);
    int c = 1 + random.nextInt(a * b - 1);
    return switch (random.nextInt(4)) {
      case 0 ->
          new Riddle(
              "%s buys %d boxes with %d %s each and gives %d away. How many %s are left?"
                  .formatted(who, a, b, what, c, what),
              (long) a * b - c);
      case 1 ->
          new Riddle(
              "%s packs %d %s a day for %d days, and on the last day %d more. How many %s is that?"
                  .formatted(who, a, what, b, c, what),
              (long) a * b + c);
      case 2 ->
          new Riddle(
              ("%d bags hold %d %s together, as many in each. %s takes %d bags. How many %s does"
                      + " %s have?")
                  .formatted(a, a * b, what, who, 1 + c % a, what, who),
              (long) b * (1 + c % a));
      default ->
          new Riddle(
              "%s and Jon have %d %s together. %s has %d more than Jon. How many does Jon have?"
                  .formatted(who, 2 * a + b, what, who, b),
              a);
    };
  }
}
