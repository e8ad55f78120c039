// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.corpus;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which programming language an example is about, for corpora that do not say.
 *
 * <p>In this order, the first that tells:
 *
 * <ol>
 *   <li>a language's name in the instruction, or that of a library that belongs to it; of several
 *       the one that comes first;
 *   <li>the same in the input;
 *   <li>the name behind three backquotes in the answer;
 *   <li>what the answer looks like: words and signs that one language has and others rarely do, for
 *       the language of which most kinds are there, at least two; of equals the one that stands
 *       first in the table.
 * </ol>
 *
 * <p>It is a heuristic. What none of this tells is {@link #UNKNOWN}.
 */
final class ProgrammingLanguage {
  static final String UNKNOWN = "unknown";

  /** Names; single letters count only where a language is meant. */
  private static final Map<String, Pattern> NAMES = new LinkedHashMap<>();

  /** Kinds of sign, each a pattern. */
  private static final Map<String, Pattern[]> SIGNS = new LinkedHashMap<>();

  static {
    String meant = "(?:program|function|code|script|class|struct|method|language|snippet|macro)";
    name(
        "JavaScript",
        "java ?script|node(?:\\.?js)?|react(?:\\.?js)?|jquery|express\\.js|vue(?:\\.?js)?");
    name("TypeScript", "type ?script|angular");
    name("Java", "java(?! ?script)|spring boot");
    name("Python", "python3?|django|flask|numpy|pandas|tensorflow|pytorch|sklearn|scikit-learn");
    name("C++", "c\\+\\+(?:11|14|17|20)?|cpp");
    name("C#", "c#|c sharp|\\.net|asp\\.net");
    name("PHP", "php|laravel");
    name("Ruby", "ruby(?: on rails)?|rails");
    name("SQL", "sql|mysql|postgresql|sqlite|pl/sql|t-sql");
    name("HTML/CSS", "html5?|css3?|sass|bootstrap");
    name("Bash", "bash|shell script|shell command|linux command|unix command|powershell");
    name("Swift", "swift|swiftui");
    name("Kotlin", "kotlin");
    name("Rust", "rust");
    name("Scala", "scala");
    name("Haskell", "haskell");
    name("Perl", "perl");
    name("Lua", "lua");
    name("Julia", "julia");
    name("MATLAB", "matlab|octave");
    name("Objective-C", "objective-c");
    name("Assembly", "assembly(?: language)?|x86(?:-64)?");
    NAMES.put(
        "Go", Pattern.compile("(?i)\\bgolang\\b|\\b(?-i:Go) " + meant + "\\b|\\bin (?-i:Go)\\b"));
    NAMES.put("R", Pattern.compile("\\bR " + meant + "\\b|\\bin R\\b(?!&)"));
    NAMES.put("C", Pattern.compile("\\bC " + meant + "\\b|\\b(?:in|using) C\\b(?![+#'])"));

    signs("PHP", "<\\?php", "\\$\\w+\\s*=", "\\becho\\b", "->\\w+\\(");
    signs(
        "C++",
        "#include\\s*<(?:iostream|vector|string|map|algorithm)>",
        "\\bstd::|\\busing namespace std",
        "\\bcout\\b|\\bcin\\b");
    signs(
        "C",
        "#include\\s*<\\w+\\.h>",
        "\\bprintf\\s*\\(|\\bscanf\\s*\\(",
        "\\bint main\\s*\\(",
        "\\bmalloc\\s*\\(");
    signs(
        "C#",
        "\\busing System\\b",
        "\\bnamespace \\w+",
        "\\bConsole\\.\\w+",
        "\\bpublic (?:static )?\\w+ \\w+ *\\{ get;");
    signs(
        "Java",
        "\\bpublic (?:static )?(?:class|void|int|String)\\b",
        "\\bSystem\\.out\\.",
        "\\bimport java\\.",
        "\\bnew \\w+<?\\w*>?\\(");
    signs(
        "TypeScript",
        "\\binterface \\w+ \\{",
        ":\\s*(?:string|number|boolean)\\b",
        "\\bconst \\w+:");
    signs(
        "JavaScript",
        "\\b(?:const|let|var) \\w+\\s*=",
        "\\bfunction\\s*\\w*\\(|=>",
        "\\bconsole\\.log\\b|\\bdocument\\.\\w+",
        "===");
    signs(
        "Python",
        "(?m)^\\s*def \\w+\\(.*\\).*:",
        "(?m)^\\s*(?:import|from) \\w+",
        "(?m)^\\s*(?:for|if|while|elif|else)\\b.*:\\s*$",
        "\\bself\\b|\\bprint\\(|\\blen\\(");
    signs("Ruby", "(?m)^\\s*end\\s*$", "(?m)^\\s*def \\w+[^:]*$", "\\bputs\\b|\\.each\\b");
    signs(
        "HTML/CSS",
        "(?i)<(?:html|body|div|p|a|head|form|table)\\b[^>]*>",
        "(?i)</\\w+>",
        "\\{\\s*[\\w-]+\\s*:\\s*[^;{}]+;");
    signs(
        "SQL",
        "(?i)\\bselect\\b.+\\bfrom\\b|(?i)\\binsert into\\b|(?i)\\bcreate table\\b|(?i)\\bupdate \\w+ set\\b",
        "(?i)\\bwhere\\b|\\bgroup by\\b|\\border by\\b|\\bvalues\\b|\\bint\\b|\\bvarchar");
    signs(
        "Bash",
        "^#!.*\\b(?:ba)?sh\\b",
        "(?m)^\\s*(?:fi|done|esac)\\s*$",
        "\\becho\\b",
        "\\$\\{?\\w+");
    signs("Swift", "\\bfunc \\w+\\(.*->", "\\b(?:let|var) \\w+(?::| =)", "\\bguard\\b|\\bprint\\(");
    signs("Rust", "\\bfn \\w+\\(", "\\blet mut\\b", "\\bprintln!");
    signs("Go", "\\bpackage main\\b", "\\bfunc \\w*\\(", ":=", "\\bfmt\\.");
  }

  private ProgrammingLanguage() {}

  private static void name(String language, String names) {
    NAMES.put(language, Pattern.compile("(?i)(?<![\\w.-])(?:" + names + ")(?![\\w+#])"));
  }

  private static void signs(String language, String... patterns) {
    Pattern[] compiled = new Pattern[patterns.length];
    for (int i = 0; i < patterns.length; i++) {
      compiled[i] = Pattern.compile(patterns[i]);
    }
    SIGNS.put(language, compiled);
  }

  /** The language, or {@link #UNKNOWN}. */
  static String of(String instruction, String input, String output) {
    return named(instruction)
        .or(() -> named(input))
        .or(() -> fenced(output))
        .or(() -> recognised(output))
        .orElse(UNKNOWN);
  }

  private static Optional<String> named(String text) {
    String first = "";
    int at = Integer.MAX_VALUE;
    for (Map.Entry<String, Pattern> language : NAMES.entrySet()) {
      Matcher matcher = language.getValue().matcher(text);
      if (matcher.find() && matcher.start() < at) {
        at = matcher.start();
        first = language.getKey();
      }
    }
    return first.isEmpty() ? Optional.empty() : Optional.of(first);
  }

  private static final Pattern FENCE = Pattern.compile("```\\s*([A-Za-z+#]+)");

  private static Optional<String> fenced(String output) {
    Matcher fence = FENCE.matcher(output);
    return fence.find() ? named(" " + fence.group(1) + " program") : Optional.empty();
  }

  private static Optional<String> recognised(String output) {
    String best = "";
    int most = 1;
    for (Map.Entry<String, Pattern[]> language : SIGNS.entrySet()) {
      int found = 0;
      for (Pattern sign : language.getValue()) {
        found += sign.matcher(output).find() ? 1 : 0;
      }
      if (found > most) {
        most = found;
        best = language.getKey();
      }
    }
    return best.isEmpty() ? Optional.empty() : Optional.of(best);
  }
}
