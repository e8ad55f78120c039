// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import dev.tributary.fl.text.jinja.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Takes a template apart as jinja2 does with {@code trim_blocks} and {@code lstrip_blocks}, which
 * transformers switches on: a line break after a tag or comment goes, and so do blanks before one
 * that is the first thing of its line; {@code -} takes all white space on its side, {@code +} keeps
 * it. The last line break of a template goes.
 */
final class Lexer {
  private static final List<String> OPERATORS =
      List.of(
          "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
          "}", ">", "<", "=", ".", ":", "|", ",", ";");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int position;
  private int line = 1;

  /** Whether what was read last ended with a line break, so that a line begins here. */
  private boolean lineBegins = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String template) {
    String unix = template.replace("\r\n", "\n").replace('\r', '\n');
    Lexer lexer = new Lexer(unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix);
    lexer.readAll();
    return lexer.tokens;
  }

  private void readAll() {
    while (position < source.length()) {
      int begin = nextBegin(position);
      char kind = begin < 0 ? 0 : source.charAt(begin + 1);
      int end = begin < 0 ? source.length() : begin;
      data(end, kind);
      if (begin >= 0) {
        switch (kind) {
          case '#' -> comment();
          case '{' -> inside("}}", Kind.PRINT_BEGIN, Kind.PRINT_END);
          default -> {
            if (!raw()) {
              inside("%}", Kind.TAG_BEGIN, Kind.TAG_END);
            }
          }
        }
      }
    }
    add(Kind.END, "");
  }

  private int nextBegin(int from) {
    for (int at = source.indexOf('{', from); at >= 0; at = source.indexOf('{', at + 1)) {
      if (at + 1 < source.length() && "{%#".indexOf(source.charAt(at + 1)) >= 0) {
        return at;
      }
    }
    return -1;
  }

  /** Text up to {@code end}, where something of {@code kind} begins (0: the end). */
  private void data(int end, char kind) {
    String text = source.substring(position, end);
    char sign = kind == 0 || end + 2 >= source.length() ? 0 : source.charAt(end + 2);
    String kept = text;
    if (kind != 0 && sign == '-') {
      kept = Python.stripEnd(text);
    } else if (kind != 0 && sign != '+' && kind != '{') {
      int lineStart = text.lastIndexOf('\n') + 1;
      if ((lineStart > 0 || lineBegins) && Python.strip(text.substring(lineStart)).isEmpty()) {
        kept = text.substring(0, lineStart);
      }
    }
    if (!kept.isEmpty()) {
      add(Kind.DATA, kept);
    }
    advance(end);
  }

  private void comment() {
    int begin = position + 2 + (isSign(position + 2) ? 1 : 0);
    int end = source.indexOf("#}", begin);
    if (end < 0) {
      throw fault("a comment is not closed by '#}'");
    }
    char sign = end > begin ? source.charAt(end - 1) : 0;
    advance(end + 2);
    afterTag(sign);
  }

  /** Takes what follows a tag or comment and goes with it. */
  private void afterTag(char sign) {
    lineBegins = false;
    if (sign == '-') {
      skipSpace();
    } else if (sign != '+' && startsWith("\n")) {
      advance(position + 1);
      lineBegins = true;
    }
  }

  private void skipSpace() {
    int at = position;
    while (at < source.length() && Python.isSpace(source.charAt(at))) {
      at++;
    }
    lineBegins = at > position && source.charAt(at - 1) == '\n';
    advance(at);
  }

  /** Reads {@code {% raw %}...{% endraw %}}, if it stands here. */
  private boolean raw() {
    int at = afterSpace(position + 2 + (isSign(position + 2) ? 1 : 0));
    if (!source.startsWith("raw", at)) {
      return false;
    }
    at = afterSpace(at + 3);
    boolean trims = source.startsWith("-%}", at);
    if (!trims && !source.startsWith("%}", at)) {
      return false;
    }
    advance(at + (trims ? 3 : 2));
    lineBegins = false;
    if (trims) {
      skipSpace();
    }
    for (int begin = source.indexOf("{%", position);
        begin >= 0;
        begin = source.indexOf("{%", begin + 1)) {
      int word = afterSpace(begin + 2 + (isSign(begin + 2) ? 1 : 0));
      int close = source.startsWith("endraw", word) ? afterSpace(word + 6) : -1;
      char sign = close >= 0 && isSign(close) ? source.charAt(close) : 0;
      int end = sign == 0 ? close : close + 1;
      if (close >= 0 && source.startsWith("%}", end)) {
        data(begin, '%');
        advance(end + 2);
        afterTag(sign);
        return true;
      }
    }
    throw fault("{% raw %} is not closed by {% endraw %}");
  }

  private boolean isSign(int at) {
    return at < source.length() && (source.charAt(at) == '-' || source.charAt(at) == '+');
  }

  private int afterSpace(int from) {
    int at = from;
    while (at < source.length() && Python.isSpace(source.charAt(at))) {
      at++;
    }
    return at;
  }

  /** Reads what stands between the brackets of a print or tag; the closing ones are given. */
  private void inside(String close, Kind beginKind, Kind endKind) {
    int begin = line;
    add(beginKind, source.substring(position, position + 2));
    advance(position + 2);
    boolean tag = close.equals("%}");
    if (isSign(position)) {
      advance(position + 1);
    }
    Deque<Character> open = new ArrayDeque<>();
    while (true) {
      advance(afterSpace(position));
      if (position >= source.length()) {
        throw JinjaException.at(
            begin,
            "'"
                + tokens.get(tokens.size() - 1).text()
                + "' is the last"
                + " that can be read: '"
                + close
                + "' is missing");
      }
      if (open.isEmpty()) {
        char sign = source.charAt(position);
        if (startsWith(close)) {
          add(endKind, close);
          advance(position + 2);
          lineBegins = false;
          if (tag) {
            afterTag((char) 0);
          }
          return;
        }
        if ((sign == '-' || (tag && sign == '+')) && source.startsWith(close, position + 1)) {
          add(endKind, close);
          advance(position + 3);
          afterTag(sign);
          return;
        }
      }
      token(open);
    }
  }

  private void token(Deque<Character> open) {
    char c = source.charAt(position);
    if (c == '\'' || c == '"') {
      string(c);
    } else if (isNameStart(c)) {
      int end = position + 1;
      while (end < source.length() && (isNameStart(source.charAt(end)) || isDigit(end))) {
        end++;
      }
      add(Kind.NAME, source.substring(position, end));
      advance(end);
    } else if (isDigit(position)) {
      number();
    } else {
      operator(open);
    }
  }

  private void operator(Deque<Character> open) {
    for (String operator : OPERATORS) {
      if (startsWith(operator)) {
        char c = operator.charAt(0);
        if ("([{".indexOf(c) >= 0) {
          open.push("([{".indexOf(c) == 0 ? ')' : c == '[' ? ']' : '}');
        } else if (")]}".indexOf(c) >= 0) {
          if (open.isEmpty() || open.pop() != c) {
            throw fault("unexpected '" + c + "'");
          }
        }
        add(Kind.OPERATOR, operator);
        advance(position + operator.length());
        return;
      }
    }
    throw fault("unexpected character '" + Character.toString(source.codePointAt(position)) + "'");
  }

  private void number() {
    int end = position;
    while (isDigit(end)) {
      end++;
    }
    boolean real = end < source.length() && source.charAt(end) == '.' && isDigit(end + 1);
    if (real) {
      end++;
      while (isDigit(end)) {
        end++;
      }
    }
    if (end < source.length() && isNameStart(source.charAt(end))) {
      throw fault(
          "numbers are read as plain digits, not '" + source.substring(position, end + 1) + "...'");
    }
    add(real ? Kind.FLOAT : Kind.INTEGER, source.substring(position, end));
    advance(end);
  }

  private void string(char quote) {
    int end = position + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw fault("a string is not closed by " + quote);
    }
    add(Kind.STRING, unescaped(source.substring(position + 1, end)));
    advance(end + 1);
  }

  /** Python's escapes. */
  private String unescaped(String written) {
    if (written.indexOf('\\') < 0) {
      return written;
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < written.length(); i++) {
      char c = written.charAt(i);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      c = written.charAt(++i);
      switch (c) {
        case '\n' -> {} // a line that goes on
        case '\\', '\'', '"' -> text.append(c);
        case 'a' -> text.append('\u0007');
        case 'b' -> text.append('\b');
        case 'f' -> text.append('\f');
        case 'n' -> text.append('\n');
        case 'r' -> text.append('\r');
        case 't' -> text.append('\t');
        case 'v' -> text.append('\u000b');
        case 'x' -> i = hexadecimal(written, i, 2, text);
        case 'u' -> i = hexadecimal(written, i, 4, text);
        case 'U' -> i = hexadecimal(written, i, 8, text);
        case '0', '1', '2', '3', '4', '5', '6', '7', 'N' ->
            throw fault("the escape \\" + c + " is not supported");
        default -> text.append('\\').append(c);
      }
    }
    return text.toString();
  }

  private int hexadecimal(String written, int at, int digits, StringBuilder text) {
    int end = at + 1 + digits;
    if (end > written.length() || !written.substring(at + 1, end).matches("[0-9a-fA-F]+")) {
      throw fault("\\" + written.charAt(at) + " needs " + digits + " hexadecimal digits");
    }
    long code = Long.parseLong(written.substring(at + 1, end), 16);
    if (code > Character.MAX_CODE_POINT || (code >= 0xD800 && code <= 0xDFFF)) {
      throw fault("there is no character " + written.substring(at - 1, end));
    }
    text.appendCodePoint((int) code);
    return end - 1;
  }

  private static boolean isNameStart(char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  private boolean isDigit(int at) {
    return at < source.length() && source.charAt(at) >= '0' && source.charAt(at) <= '9';
  }

  private boolean startsWith(String prefix) {
    return source.startsWith(prefix, position);
  }

  private void add(Kind kind, String text) {
    tokens.add(new Token(kind, text, line));
  }

  private void advance(int to) {
    for (int i = position; i < to; i++) {
      if (source.charAt(i) == '\n') {
        line++;
      }
    }
    position = to;
  }

  private JinjaException fault(String message) {
    return JinjaException.at(line, message);
  }
}
