// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import java.util.ArrayList;
import java.util.List;

/** Pieces of HTML. Texts are escaped here and nowhere else. */
final class Html {
  private Html() {}

  /** A text as it may stand between tags and in attributes with double quotes. */
  static String text(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> escaped.append("&amp;");
        case '<' -> escaped.append("&lt;");
        case '>' -> escaped.append("&gt;");
        case '"' -> escaped.append("&quot;");
        case '\'' -> escaped.append("&#39;");
        default -> {
          boolean allowed = c >= ' ' || c == '\n' || c == '\t';
          escaped.append(allowed ? c : '\uFFFD');
        }
      }
    }
    return escaped.toString();
  }

  /** JSON as it may stand in a script element: no text in it can end the element. */
  static String json(String json) {
    return json.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029");
  }

  /** A table that scrolls sideways in itself where the screen is narrow. */
  static String table(List<String> head, List<List<String>> rows) {
    StringBuilder html = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");
    head.forEach(cell -> html.append("<th>").append(text(cell)).append("</th>"));
    html.append("</tr></thead><tbody>");
    for (List<String> row : rows) {
      html.append("<tr>");
      row.forEach(cell -> html.append("<td>").append(text(cell)).append("</td>"));
      html.append("</tr>");
    }
    return html.append("</tbody></table></div>\n").toString();
  }

  /** Names and values, one pair a line. */
  static String facts(List<List<String>> pairs) {
    List<String> items = new ArrayList<>();
    for (List<String> pair : pairs) {
      items.add("<dt>" + text(pair.get(0)) + "</dt><dd>" + text(pair.get(1)) + "</dd>");
    }
    return "<dl>" + String.join("\n", items) + "</dl>\n";
  }
}
