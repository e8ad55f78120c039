// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A page for people: a single file with its style, script, plotting library and data in it, so it
 * can be sent by mail and opened without a network. The script draws plots; all else can be read
 * without it.
 */
final class Page {
  private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<Map<String, Object>> plots = new ArrayList<>();
  private final StringBuilder body = new StringBuilder();

  /** What stands in the page so far, to be added to; see {@link Html}. */
  StringBuilder body() {
    return body;
  }

  /**
   * Adds a place for a plot.
   *
   * @param what the script draws: {@code report.js} says which keys there are
   */
  void plot(String title, Map<String, Object> what) {
    body.append("<figure><figcaption>").append(Html.text(title)).append("</figcaption>");
    body.append("<div class=\"plot\" data-plot=\"").append(plots.size()).append("\"></div>");
    body.append("</figure>\n");
    plots.add(what);
  }

  String html(String title) {
    return """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>%s</title>
        <style>
        %s
        %s
        </style>
        </head>
        <body>
        <main>
        %s
        </main>
        <script type="application/json" id="plots">%s</script>
        <script>
        %s
        </script>
        <script>
        %s
        </script>
        </body>
        </html>
        """
        .formatted(
            Html.text(title),
            resource(UPLOT + "uPlot.min.css"),
            resource("report.css"),
            body,
            Html.json(json(plots)),
            resource(UPLOT + "uPlot.iife.min.js"),
            resource("report.js"));
  }

  /** A count as people read it: {@code 12,345}. */
  static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** A share as people read it: {@code 12.3 %}. */
  static String percent(long part, long whole) {
    return whole == 0 ? "" : String.format(Locale.ROOT, "%.1f %%", 100.0 * part / whole);
  }

  /** A figure between 0 and 1 as people read it: {@code 0.123}. */
  static String threeDigits(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("plots are texts and numbers", e);
    }
  }

  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(
            "The class path lacks " + name + "; build the jar again, with its dependencies");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + name + " of the class path", e);
    }
  }
}
