package org.deft4j.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.deft4j.tree.DeftException;

/** Files that an option names, each by itself or by its folder. */
final class DataFiles {
  private DataFiles() {}

  /**
   * The files, those of a folder by name.
   *
   * @param option as in messages
   * @param paths what the user gave
   * @param glob which files of a folder count
   * @throws DeftException with exit code 2 if one is missing, or there are none
   */
  static List<Path> find(String option, List<Path> paths, String glob) {
    List<Path> files = new ArrayList<>();
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(path, glob)) {
          stream.forEach(found::add);
        } catch (IOException e) {
          throw new DeftException(
              DeftException.USAGE, option + ": cannot read " + path + ": " + e.getMessage(), e);
        }
        found.sort(null);
        files.addAll(found);
      } else if (Files.isRegularFile(path)) {
        files.add(path);
      } else {
        throw new DeftException(DeftException.USAGE, option + ": " + path + " does not exist");
      }
    }
    if (files.isEmpty()) {
      throw new DeftException(DeftException.USAGE, option + ": no " + glob + " files in " + paths);
    }
    return files;
  }
}
