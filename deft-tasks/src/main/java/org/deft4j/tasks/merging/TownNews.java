package org.deft4j.tasks.merging;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Made-up documents that tell overlapping parts of the same facts in different words.
 *
 * @param documents the documents
 * @param merged all facts, each told once
 */
record TownNews(List<String> documents, String merged) {
  /**
   * Each fact in several wordings of the same content words; {@code #} is a number, {@code @} a
   * name.
   */
  private static final List<List<String>> FACTS =
      List.of(
          List.of(
              "The bridge over the river @ was closed for repairs on # March.",
              "On # March they closed the bridge over the river @ because it needed repairing."),
          List.of(
              "Mayor @ promised # new lamps for the market square.",
              "For the market square # new lamps were promised by mayor @."),
          List.of(
              "The library lends # books a week since its opening hours were extended.",
              "Since the library extended its opening hours, it has lent # books each week."),
          List.of(
              "A storm tore # tiles off the roof of the @ school.",
              "The roof of the @ school lost # tiles, torn off by a storm."),
          List.of(
              "Tickets for the summer concert cost # crowns and are sold at the bakery.",
              "The bakery is selling tickets for the summer concert; a ticket costs # crowns."),
          List.of(
              "The bus to @ will leave # minutes earlier from Monday on.",
              "Starting Monday, buses to @ leave # minutes earlier."),
          List.of(
              "Farmers near @ harvested # tons of apples this autumn.",
              "This autumn # tons of apples were harvested by farmers near @."),
          List.of(
              "The council rejected a plan to cut # old trees along the canal.",
              "A plan to cut # old trees along the canal has been rejected by the council."),
          List.of(
              "Doctor @ opened a practice in house number # on Mill Street.",
              "In Mill Street, house number #, doctor @ has opened a practice."),
          List.of(
              "The swimming pool loses # litres of water a day through a crack.",
              "Through a crack the swimming pool is losing # litres of water every day."),
          List.of(
              "Volunteers planted # oaks beside the cemetery of @.",
              "Beside the cemetery of @, # oaks were planted by volunteers."),
          List.of(
              "The museum shows # paintings by the sailor @ until winter.",
              "Until winter, # paintings by the sailor @ are shown in the museum."),
          List.of(
              "Fire destroyed a barn with # bales of hay belonging to family @.",
              "A barn that belonged to family @ was destroyed by fire, and # bales of hay with"
                  + " it."),
          List.of(
              "The football club signed the goalkeeper @ for # seasons.",
              "For # seasons the goalkeeper @ has been signed by the football club."),
          List.of(
              "Electricity will be switched off for # hours in the northern quarter.",
              "In the northern quarter the electricity is to be switched off for # hours."),
          List.of(
              "Engineer @ measured # decibels beside the new highway.",
              "Beside the new highway # decibels were measured by engineer @."),
          List.of(
              "The hospital received # beds as a gift from the town of @.",
              "As a gift from the town of @, the hospital has received # beds."),
          List.of(
              "Police found # stolen bicycles in a cellar on Garden Lane.",
              "In a cellar on Garden Lane the police found # bicycles that had been stolen."),
          List.of(
              "Teacher @ retired after # years at the evening college.",
              "After # years at the evening college, teacher @ has retired."),
          List.of(
              "The ferry carried # passengers during its first summer on lake @.",
              "During its first summer on lake @ the ferry has carried # passengers."),
          List.of(
              "A beaver built a dam # metres long below the sawmill.",
              "Below the sawmill a beaver has built a dam, # metres long."),
          List.of(
              "Parking behind the theatre becomes free for # residents with a permit.",
              "For # residents with a permit, parking behind the theatre becomes free."),
          List.of(
              "The baker @ won a prize for a rye loaf weighing # kilograms.",
              "For a rye loaf that weighed # kilograms, the baker @ won a prize."),
          List.of(
              "Archaeologists dug up # Roman coins under the cinema.",
              "Under the cinema, # Roman coins were dug up by archaeologists."));

  private static final List<String> NAMES =
      List.of(
          "Adler", "Bering", "Corvin", "Dorset", "Elmar", "Falk", "Garland", "Holm", "Irving",
          "Jansen", "Keller", "Lindt", "Marsh", "Norden", "Orlov", "Pelham", "Quist", "Rowan",
          "Sander", "Thorne", "Ulrich", "Verne", "Wexford", "Yates");

  /** As many facts as there are. */
  static final int MOST_FACTS = 24;

  private static final int SENTENCES_A_PARAGRAPH = 4;

  /** How likely another document tells a fact too. */
  private static final double TOLD = 0.6;

  TownNews {
    documents = List.copyOf(documents);
  }

  static TownNews of(long seed, int documents, int facts) {
    Random random = new Random(seed);
    List<Integer> chosen = new ArrayList<>(IntStream.range(0, FACTS.size()).boxed().toList());
    Collections.shuffle(chosen, random);
    chosen = chosen.subList(0, facts);
    List<String> names = new ArrayList<>(NAMES);
    Collections.shuffle(names, random);
    // Numbers differ, so that no two facts share one by chance.
    List<Integer> numbers = new ArrayList<>(IntStream.range(2, 100).boxed().toList());
    Collections.shuffle(numbers, random);

    List<List<String>> told = new ArrayList<>();
    for (int d = 0; d < documents; d++) {
      told.add(new ArrayList<>());
    }
    StringBuilder merged = new StringBuilder();
    for (int i = 0; i < facts; i++) {
      List<String> wordings = FACTS.get(chosen.get(i));
      String number = "" + numbers.get(i);
      String name = names.get(i);
      int owner = i % documents;
      int turn = random.nextInt(wordings.size());
      for (int d = 0; d < documents; d++) {
        // The first ones have one teller each, so that no document says everything.
        if (d == owner || (i >= documents && random.nextDouble() < TOLD)) {
          String words = wordings.get((turn + d) % wordings.size());
          told.get(d).add(words.replace("#", number).replace("@", name));
        }
      }
      merged.append(merged.isEmpty() ? "" : " ");
      merged.append(wordings.getFirst().replace("#", number).replace("@", name));
    }
    List<String> texts = new ArrayList<>();
    for (List<String> sentences : told) {
      Collections.shuffle(sentences, random);
      texts.add(paragraphs(sentences));
    }
    return new TownNews(texts, merged.toString());
  }

  private static String paragraphs(List<String> sentences) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < sentences.size(); i++) {
      String between = i % SENTENCES_A_PARAGRAPH == 0 ? "\n" : " ";
      text.append(i == 0 ? "" : between).append(sentences.get(i));
    }
    return text.toString();
  }
}
