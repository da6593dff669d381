package org.deft4j.tasks.keywords;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Writes made-up English texts that name countries again and again. */
final class TravelText {
  /** The countries that the texts of Graph of Thoughts name. */
  static final List<String> COUNTRIES =
      List.of(
          "Argentina",
          "Australia",
          "Belgium",
          "Brazil",
          "Canada",
          "China",
          "Colombia",
          "Cuba",
          "Egypt",
          "France",
          "Greece",
          "India",
          "Indonesia",
          "Iran",
          "Iraq",
          "Ireland",
          "Israel",
          "Italy",
          "Japan",
          "Kenya",
          "Mexico",
          "Netherlands",
          "New Zealand",
          "North Korea",
          "Norway",
          "Pakistan",
          "Peru",
          "Poland",
          "Portugal",
          "Russia",
          "South Africa",
          "South Korea",
          "Spain",
          "Sweden",
          "Switzerland",
          "Turkey",
          "Ukraine",
          "United Kingdom",
          "United States",
          "Venezuela",
          "Vietnam",
          "Zimbabwe");

  /** Sentences; {@code #} stands for a country, {@code @} for a person. */
  private static final List<String> SENTENCES =
      List.of(
          "@ had planned to see # and # in one summer, but the ferry from # was late again.",
          "In the train through # someone told a long story about a winter in #.",
          "The museum kept letters from #, and next to them a map of # that nobody could date.",
          "@ answered that # was colder than # and that # was the coldest of all.",
          "A friend from # laughed, because the soup was made as they make it in #.",
          "They wrote the names of # and # on the list and crossed out #.",
          "The radio spoke of rain over #.",
          "Some of the songs came from #, others from # or from #.",
          "For @ it was the first time in #, and perhaps the last.",
          "Nobody could say why the coins of # lay in a box that was sent from #.",
          "The conference moved from # to #, and the speakers from # had to change their tickets.",
          "Her grandmother was born in #, married in # and never spoke of #.",
          "Later that evening the talk turned to music and the price of bread.",
          "@ compared the harvest of # with that of #.",
          "Two students from # asked the way, and a driver from # drew it on a napkin.",
          "The old atlas showed # larger than #, which made everybody doubt the rest of it.",
          "A letter with a stamp of # arrived, three weeks after the one from #.",
          "@ promised to come back to # before the year was over.",
          "The team of # won, and in # people danced in the streets.",
          "Between # and # there is no direct flight, so they went by way of #.",
          "Everyone was tired, and the lamps were put out early.",
          "In # the shops were closed, and so the shoes were bought in #.",
          "@ said that the best tea came from #, and nobody from # agreed.",
          "The film was shot in #, though its story takes place in #.");

  private static final List<String> PEOPLE =
      List.of("Ada", "Bruno", "Clara", "David", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jon");

  /** A text keeps to a few countries, so that names return. */
  private static final int FEWEST = 5;

  private static final int MOST = 12;
  private static final int SENTENCES_A_PARAGRAPH = 5;

  private TravelText() {}

  /** A text that names at least one of the names. */
  static String write(long seed, int sentences, List<String> names) {
    Random random = new Random(seed);
    List<String> few = new ArrayList<>();
    int distinct = FEWEST + random.nextInt(MOST - FEWEST + 1);
    for (int i = 0; i < distinct; i++) {
      few.add(pick(names, random));
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < sentences; i++) {
      if (i > 0) {
        text.append(i % SENTENCES_A_PARAGRAPH == 0 ? "\n" : " ");
      }
      String sentence = pick(SENTENCES, random);
      // The first one names something, so that there is something to count.
      while (i == 0 && sentence.indexOf('#') < 0) {
        sentence = pick(SENTENCES, random);
      }
      for (char c : sentence.toCharArray()) {
        switch (c) {
          case '#' -> text.append(pick(few, random));
          case '@' -> text.append(pick(PEOPLE, random));
          default -> text.append(c);
        }
      }
    }
    return text.toString();
  }

  private static String pick(List<String> from, Random random) {
    return from.get(random.nextInt(from.size()));
  }
}
