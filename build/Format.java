import com.google.googlejavaformat.java.Formatter;

/**
 * Checks (or with --fix rewrites) every Java source under a src folder with google-java-format.
 *
 * <p>Run by `mvn -Pformat verify`; exits with 1 when a file is not formatted.
 */
void main(String[] args) throws Exception {
  boolean fix = List.of(args).contains("--fix");
  var bad = new ArrayList<Path>();
  try (var paths = Files.walk(Path.of("."))) {
    for (Path p :
        paths
            .filter(f -> f.toString().endsWith(".java"))
            .filter(f -> f.toString().contains("/src/") && !f.toString().contains("/target/"))
            .toList()) {
      String text = Files.readString(p);
      String out = new Formatter().formatSourceAndFixImports(text);
      if (out.equals(text)) {
        continue;
      }
      bad.add(p);
      if (fix) {
        Files.writeString(p, out);
      }
    }
  }
  bad.forEach(p -> IO.println((fix ? "formatted " : "not formatted: ") + p));
  if (!fix && !bad.isEmpty()) {
    System.exit(1);
  }
}
