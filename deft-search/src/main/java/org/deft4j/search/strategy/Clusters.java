package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.List;

/** Groups texts that are alike: average linkage over {@link Ngrams}, up to a distance. */
final class Clusters {
  private Clusters() {}

  /**
   * A cluster's number for each text, counted from 0 in order of first members. Costs the cube of
   * the number of texts at most.
   *
   * @param distance clusters farther apart on average than this stay apart, 0 to 1
   */
  static int[] of(List<String> texts, double distance) {
    int n = texts.size();
    List<Ngrams> profiles = texts.stream().map(Ngrams::of).toList();
    double[][] far = new double[n][n];
    List<List<Integer>> clusters = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      clusters.add(new ArrayList<>(List.of(i)));
      for (int j = 0; j < i; j++) {
        far[i][j] = 1 - profiles.get(i).similarity(profiles.get(j));
        far[j][i] = far[i][j];
      }
    }
    while (true) {
      int a = -1;
      int b = -1;
      double nearest = distance;
      for (int i = 0; i < clusters.size(); i++) {
        for (int j = i + 1; j < clusters.size(); j++) {
          double d = mean(far, clusters.get(i), clusters.get(j));
          if (d <= nearest && (a < 0 || d < nearest)) {
            nearest = d;
            a = i;
            b = j;
          }
        }
      }
      if (a < 0) {
        break;
      }
      clusters.get(a).addAll(clusters.remove(b));
    }
    int[] number = new int[n];
    for (int c = 0; c < clusters.size(); c++) {
      for (int i : clusters.get(c)) {
        number[i] = c;
      }
    }
    return number;
  }

  private static double mean(double[][] far, List<Integer> a, List<Integer> b) {
    double sum = 0;
    for (int i : a) {
      for (int j : b) {
        sum += far[i][j];
      }
    }
    return sum / (a.size() * (double) b.size());
  }
}
