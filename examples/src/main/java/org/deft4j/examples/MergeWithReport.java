package org.deft4j.examples;

import java.nio.file.Path;
import java.util.List;
import org.deft4j.cli.report.EventLog;
import org.deft4j.cli.report.HtmlReport;
import org.deft4j.runtime.Deft;
import org.deft4j.search.driver.SearchResult;

/**
 * Merges documents and writes the search as a page to look at: its tree, scores, what was pruned
 * and why, and what was spent. The page is one file and needs no network.
 *
 * <pre>{@code MergeWithReport MODEL report.html}</pre>
 */
public final class MergeWithReport {
  private static final String DOCUMENTS =
      """
      The old bridge over the Orlov was closed in March. Traffic now goes through the village.
      <<< next document >>>
      In March the old bridge over the Orlov was closed. Its repair will cost two million crowns.
      <<< next document >>>
      Repairing it will cost two million crowns. The mayor hopes to open it before winter.
      """;

  private MergeWithReport() {}

  /** Merges with the model and into the file of the command line. */
  public static void main(String[] args) {
    if (args.length != 2) {
      System.err.println("usage: MergeWithReport MODEL REPORT.html");
      return;
    }
    try (Deft deft = Deft.open(args[0])) {
      System.out.println(run(deft, Path.of(args[1])).answer().orElse("no merge"));
    }
  }

  static SearchResult run(Deft deft, Path report) {
    EventLog log = new EventLog(System::nanoTime);
    SearchResult result = deft.search("document-merging").problem(DOCUMENTS).listener(log).run();
    log.log().title("Merging three documents");
    HtmlReport.write(report, "DeFT: merging", List.of(log.log()));
    return result;
  }
}
