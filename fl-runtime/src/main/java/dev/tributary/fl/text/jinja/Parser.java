// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import dev.tributary.fl.text.jinja.Expression.Written;
import dev.tributary.fl.text.jinja.Statement.Block;
import dev.tributary.fl.text.jinja.Statement.Filtering;
import dev.tributary.fl.text.jinja.Statement.Flow;
import dev.tributary.fl.text.jinja.Statement.Target;
import dev.tributary.fl.text.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads tokens by recursive descent; levels and their order are those of jinja2's parser. */
final class Parser {
  private static final Expression NONE = new Expression.Constant(None.NONE);
  private static final List<String> COMPARISONS = List.of("==", "!=", "<", "<=", ">", ">=");

  private final List<Token> tokens;
  private int position;
  private int loops;

  private Parser(List<Token> tokens) {
    this.tokens = tokens;
  }

  static Block parse(String source) {
    Parser parser = new Parser(Lexer.tokens(source));
    Block body = parser.block();
    if (!parser.current().is(Kind.END)) {
      throw parser.fault("unexpected tag " + parser.current());
    }
    return body;
  }

  // ---- statements

  /** Statements up to the end, or up to a tag of one of these names, whose name is current then. */
  private Block block(String... ends) {
    List<Statement> statements = new ArrayList<>();
    while (!current().is(Kind.END)) {
      Token token = next();
      switch (token.kind()) {
        case DATA -> statements.add(new Statement.Data(token.text()));
        case PRINT_BEGIN -> {
          statements.add(new Statement.Print(tuple(true), token.line()));
          expect(Kind.PRINT_END);
        }
        default -> {
          if (current().is(Kind.NAME) && List.of(ends).contains(current().text())) {
            return new Block(statements);
          }
          statements.add(tag());
        }
      }
    }
    if (ends.length > 0) {
      throw fault("the template ends where one of the tags " + List.of(ends) + " is missing");
    }
    return new Block(statements);
  }

  private Statement tag() {
    Token name = expect(Kind.NAME);
    int line = name.line();
    Statement statement =
        switch (name.text()) {
          case "if" -> ifTag(line);
          case "for" -> forTag(line);
          case "set" -> setTag(line);
          case "macro" -> macroTag();
          case "filter" -> filterTag(line);
          case "generation" -> generationTag();
          case "break", "continue" -> leaveTag(name);
          default ->
              throw JinjaException.at(line, "the tag '" + name.text() + "' is not supported");
        };
    expect(Kind.TAG_END);
    return statement;
  }

  private Statement ifTag(int first) {
    List<Statement.If.Branch> branches = new ArrayList<>();
    int line = first;
    Expression condition = tuple(false);
    while (true) {
      expect(Kind.TAG_END);
      branches.add(new Statement.If.Branch(condition, block("elif", "else", "endif"), line));
      Token end = next();
      line = end.line();
      if (end.isName("endif")) {
        return new Statement.If(branches);
      }
      if (end.isName("else")) {
        expect(Kind.TAG_END);
        branches.add(new Statement.If.Branch(new Expression.Constant(true), block("endif"), line));
        next();
        return new Statement.If(branches);
      }
      condition = tuple(false);
    }
  }

  private Statement forTag(int line) {
    Target target = target();
    expectName("in");
    Expression elements = tuple(false);
    Optional<Expression> condition = Optional.empty();
    if (takeName("if")) {
      condition = Optional.of(expression());
    }
    if (current().isName("recursive")) {
      throw fault("recursive loops are not supported");
    }
    expect(Kind.TAG_END);
    loops++;
    Block body = block("else", "endfor");
    loops--;
    Block otherwise = new Block(List.of());
    if (next().isName("else")) {
      expect(Kind.TAG_END);
      otherwise = block("endfor");
      next();
    }
    return new Statement.For(target, elements, condition, body, otherwise, line);
  }

  private Target target() {
    List<String> names = new ArrayList<>();
    boolean brackets = takeOperator("(");
    boolean single = !brackets;
    names.add(newName());
    while (takeOperator(",")) {
      single = false;
      if (current().is(Kind.NAME) && !current().isName("in")) {
        names.add(newName());
      }
    }
    if (brackets) {
      expectOperator(")");
    }
    return new Target(names, single);
  }

  private String newName() {
    Token name = expect(Kind.NAME);
    if (List.of("true", "false", "none", "True", "False", "None").contains(name.text())) {
      throw JinjaException.at(name.line(), "'" + name.text() + "' cannot be set");
    }
    return name.text();
  }

  private Statement setTag(int line) {
    if (peek(1).isOperator(".")) {
      String namespace = newName();
      next();
      String name = expect(Kind.NAME).text();
      expectOperator("=");
      return new Statement.SetAttribute(namespace, name, tuple(true), line);
    }
    Target target = target();
    if (takeOperator("=")) {
      return new Statement.Set(target, tuple(true), line);
    }
    if (!target.single()) {
      throw fault("a block is set as one name");
    }
    Filtering filtering = new Filtering(filters(new Expression.Name(Filtering.TEXT)));
    expect(Kind.TAG_END);
    Block body = block("endset");
    next();
    return new Statement.SetBlock(target.names().get(0), filtering, body, line);
  }

  private Statement macroTag() {
    String name = newName();
    expectOperator("(");
    List<String> parameters = new ArrayList<>();
    Map<String, Expression> defaults = new LinkedHashMap<>();
    while (!takeOperator(")")) {
      if (!parameters.isEmpty()) {
        expectOperator(",");
      }
      String parameter = newName();
      parameters.add(parameter);
      if (takeOperator("=")) {
        defaults.put(parameter, expression());
      } else if (!defaults.isEmpty()) {
        throw fault("a parameter without a default follows one with a default");
      }
    }
    expect(Kind.TAG_END);
    int outside = loops;
    loops = 0;
    Block body = block("endmacro");
    loops = outside;
    next();
    return new Statement.Macro(name, parameters, defaults, body);
  }

  private Statement filterTag(int line) {
    Expression first = filter(new Expression.Name(Filtering.TEXT));
    Filtering filtering = new Filtering(filters(first));
    expect(Kind.TAG_END);
    Block body = block("endfilter");
    next();
    return new Statement.FilterBlock(filtering, body, line);
  }

  private Statement generationTag() {
    expect(Kind.TAG_END);
    Block body = block("endgeneration");
    next();
    return new Statement.Generation(body);
  }

  private Statement leaveTag(Token name) {
    if (loops == 0) {
      throw JinjaException.at(name.line(), "'" + name.text() + "' stands in no loop");
    }
    return new Statement.Leave(name.isName("break") ? Flow.BREAK : Flow.CONTINUE);
  }

  // ---- expressions, from the loosest to the tightest

  /** One value, or several without brackets. */
  private Expression tuple(boolean withChoice) {
    Expression first = withChoice ? expression() : or();
    if (!current().isOperator(",")) {
      return first;
    }
    List<Expression> elements = new ArrayList<>(List.of(first));
    while (takeOperator(",")) {
      if (current().is(Kind.TAG_END) || current().is(Kind.PRINT_END)) {
        break;
      }
      elements.add(withChoice ? expression() : or());
    }
    return new Expression.Sequence(elements, Expression.Sequence.Kind.TUPLE);
  }

  private Expression expression() {
    Expression value = or();
    while (takeName("if")) {
      Expression condition = or();
      Expression otherwise =
          takeName("else")
              ? expression()
              : new Expression.Constant(new Undefined("the value of an 'if' without 'else'"));
      value = new Expression.Choice(condition, value, otherwise);
    }
    return value;
  }

  private Expression or() {
    Expression left = and();
    while (takeName("or")) {
      left = new Expression.Or(left, and());
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (takeName("and")) {
      left = new Expression.And(left, not());
    }
    return left;
  }

  private Expression not() {
    return takeName("not") ? new Expression.Not(not()) : comparison();
  }

  private Expression comparison() {
    Expression first = sum();
    List<Expression.Comparison.Compared> others = new ArrayList<>();
    while (true) {
      String operator;
      if (current().is(Kind.OPERATOR) && COMPARISONS.contains(current().text())) {
        operator = next().text();
      } else if (takeName("in")) {
        operator = "in";
      } else if (current().isName("not") && peek(1).isName("in")) {
        next();
        next();
        operator = "not in";
      } else {
        return others.isEmpty() ? first : new Expression.Comparison(first, others);
      }
      others.add(new Expression.Comparison.Compared(operator, sum()));
    }
  }

  private Expression sum() {
    Expression left = concatenation();
    while (current().isOperator("+") || current().isOperator("-")) {
      left = new Expression.Arithmetic(next().text(), left, concatenation());
    }
    return left;
  }

  private Expression concatenation() {
    List<Expression> parts = new ArrayList<>(List.of(product()));
    while (takeOperator("~")) {
      parts.add(product());
    }
    return parts.size() == 1 ? parts.get(0) : new Expression.Concatenation(parts);
  }

  private Expression product() {
    Expression left = power();
    while (current().is(Kind.OPERATOR) && List.of("*", "/", "//", "%").contains(current().text())) {
      left = new Expression.Arithmetic(next().text(), left, power());
    }
    return left;
  }

  private Expression power() {
    Expression left = unary();
    while (takeOperator("**")) {
      left = new Expression.Arithmetic("**", left, unary());
    }
    return left;
  }

  /** A sign binds tighter than a filter: {@code -1|abs} is 1. */
  private Expression unary() {
    return filters(signed());
  }

  private Expression signed() {
    if (takeOperator("-")) {
      return postfix(new Expression.Negative(signed()));
    }
    if (takeOperator("+")) {
      return postfix(new Expression.Arithmetic("+", new Expression.Constant(0L), signed()));
    }
    return postfix(primary());
  }

  private Expression primary() {
    Token token = next();
    return switch (token.kind()) {
      case NAME ->
          switch (token.text()) {
            case "true", "True" -> new Expression.Constant(true);
            case "false", "False" -> new Expression.Constant(false);
            case "none", "None" -> NONE;
            default -> new Expression.Name(token.text());
          };
      case STRING -> {
        StringBuilder text = new StringBuilder(token.text());
        while (current().is(Kind.STRING)) {
          text.append(next().text());
        }
        yield new Expression.Constant(text.toString());
      }
      case INTEGER -> new Expression.Constant(integer(token));
      case FLOAT -> new Expression.Constant(Double.parseDouble(token.text()));
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> bracketed();
            case "[" -> new Expression.Sequence(elements("]"), Expression.Sequence.Kind.LIST);
            case "{" -> dictionary();
            default -> throw unexpected(token);
          };
      default -> throw unexpected(token);
    };
  }

  private static Long integer(Token token) {
    try {
      return Long.parseLong(token.text());
    } catch (NumberFormatException e) {
      throw JinjaException.at(token.line(), token + " is too large for this implementation");
    }
  }

  /** What follows a round bracket: a value, or a tuple where there is a comma or nothing. */
  private Expression bracketed() {
    if (takeOperator(")")) {
      return new Expression.Sequence(List.of(), Expression.Sequence.Kind.TUPLE);
    }
    Expression first = expression();
    if (takeOperator(")")) {
      return first;
    }
    expectOperator(",");
    List<Expression> elements = new ArrayList<>(List.of(first));
    elements.addAll(elements(")"));
    return new Expression.Sequence(elements, Expression.Sequence.Kind.TUPLE);
  }

  private List<Expression> elements(String close) {
    List<Expression> elements = new ArrayList<>();
    while (!takeOperator(close)) {
      elements.add(expression());
      if (!current().isOperator(close)) {
        expectOperator(",");
      }
    }
    return elements;
  }

  private Expression dictionary() {
    List<Map.Entry<Expression, Expression>> entries = new ArrayList<>();
    while (!takeOperator("}")) {
      Expression key = expression();
      expectOperator(":");
      entries.add(Map.entry(key, expression()));
      if (!current().isOperator("}")) {
        expectOperator(",");
      }
    }
    return new Expression.Dictionary(entries);
  }

  private Expression postfix(Expression value) {
    Expression result = value;
    while (true) {
      if (takeOperator(".")) {
        Token name = next();
        if (name.is(Kind.INTEGER)) {
          result = new Expression.Element(result, new Expression.Constant(integer(name)));
        } else if (name.is(Kind.NAME)) {
          result = new Expression.Attribute(result, name.text());
        } else {
          throw unexpected(name);
        }
      } else if (takeOperator("[")) {
        result = subscript(result);
      } else if (takeOperator("(")) {
        result = new Expression.Call(result, arguments());
      } else {
        return result;
      }
    }
  }

  private Expression subscript(Expression value) {
    List<Expression> parts = new ArrayList<>();
    boolean slice = false;
    parts.add(current().isOperator(":") ? NONE : expression());
    while (takeOperator(":")) {
      slice = true;
      parts.add(current().isOperator(":") || current().isOperator("]") ? NONE : expression());
    }
    expectOperator("]");
    if (!slice) {
      return new Expression.Element(value, parts.get(0));
    }
    if (parts.size() > 3) {
      throw fault("a slice has three parts at most");
    }
    Expression step = parts.size() == 3 ? parts.get(2) : NONE;
    return new Expression.Slice(value, parts.get(0), parts.get(1), step);
  }

  /** What follows a call's bracket. */
  private Written arguments() {
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    while (!takeOperator(")")) {
      if (current().is(Kind.NAME) && peek(1).isOperator("=")) {
        Token name = next();
        next();
        if (named.put(name.text(), expression()) != null) {
          throw fault("the argument '" + name.text() + "' stands there twice");
        }
      } else if (named.isEmpty()) {
        positional.add(expression());
      } else {
        throw fault("an argument without a name follows one with a name");
      }
      if (!current().isOperator(")")) {
        expectOperator(",");
      }
    }
    return new Written(positional, named);
  }

  /** Filters, tests and calls behind a value. */
  private Expression filters(Expression value) {
    Expression result = value;
    while (true) {
      if (takeOperator("|")) {
        result = filter(result);
      } else if (current().isName("is")) {
        next();
        result = test(result);
      } else if (takeOperator("(")) {
        result = new Expression.Call(result, arguments());
      } else {
        return result;
      }
    }
  }

  private Expression filter(Expression value) {
    Token name = expect(Kind.NAME);
    Written arguments = takeOperator("(") ? arguments() : new Written(List.of(), Map.of());
    return new Expression.Filtered(value, Filters.of(name.text()), arguments);
  }

  private Expression test(Expression value) {
    boolean negated = takeName("not");
    Token name = expect(Kind.NAME);
    Written arguments = new Written(List.of(), Map.of());
    if (takeOperator("(")) {
      arguments = arguments();
    } else if (beginsArgument()) {
      if (List.of("is", "if", "in", "not").contains(current().text())) { // as jinja2
        throw fault("unexpected " + current() + " behind a test; put the test in brackets");
      }
      arguments = new Written(List.of(postfix(primary())), Map.of());
    }
    Expression test = new Expression.Tested(value, Tests.of(name.text()), arguments);
    return negated ? new Expression.Not(test) : test;
  }

  private boolean beginsArgument() {
    Token token = current();
    return switch (token.kind()) {
      case NAME -> !List.of("else", "or", "and").contains(token.text());
      case STRING, INTEGER, FLOAT -> true;
      default -> token.isOperator("(") || token.isOperator("[") || token.isOperator("{");
    };
  }

  // ---- tokens

  private Token current() {
    return tokens.get(position);
  }

  private Token peek(int ahead) {
    return tokens.get(Math.min(position + ahead, tokens.size() - 1));
  }

  /** The current token; the end stays current. */
  private Token next() {
    Token token = current();
    if (position < tokens.size() - 1) {
      position++;
    }
    return token;
  }

  private boolean takeOperator(String operator) {
    boolean there = current().isOperator(operator);
    if (there) {
      next();
    }
    return there;
  }

  private boolean takeName(String name) {
    boolean there = current().isName(name);
    if (there) {
      next();
    }
    return there;
  }

  private void expectOperator(String operator) {
    if (!takeOperator(operator)) {
      throw fault("'" + operator + "' is missing before " + current());
    }
  }

  private void expectName(String name) {
    if (!takeName(name)) {
      throw fault("'" + name + "' is missing before " + current());
    }
  }

  private Token expect(Kind kind) {
    Token token = next();
    if (!token.is(kind)) {
      throw unexpected(token);
    }
    return token;
  }

  private static JinjaException unexpected(Token token) {
    return JinjaException.at(token.line(), "unexpected " + token);
  }

  private JinjaException fault(String message) {
    return JinjaException.at(current().line(), message);
  }
}
