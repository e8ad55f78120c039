// SPDX-License-Identifier: Apache-2.0
/**
 * The part of the template language Jinja that chat templates are written in, with what it means in
 * Python: {@link JinjaTemplate} is the door, then read {@code Lexer}, {@code Parser}, {@code
 * Expression} and {@code Statement}, {@code Python}.
 *
 * <p>Not a library's, as the one there is for Java, jinjava (2.8.0), means other things by the same
 * text and says nothing: {@code not x is defined} denies x first, {@code for ... if} writes
 * nothing, what a loop sets stays set, keyword arguments of macros are lost, {@code tojson} has
 * other spaces. Of the one-line cases of {@code language.txt} it gave 89 another text than Python's
 * jinja2 without an error, and 41 an error; a prompt that is silently another spoils training and
 * evaluation.
 *
 * <p>Jinja's values are Python's, so that its rules of truth, equality, order, printing and slicing
 * are what decides the text. What is not known here is an error that says so, where possible when a
 * template is read. Nothing in a template reaches a Java object: values are strings, numbers,
 * lists, dicts and the functions listed in {@code Methods}, {@code Filters}, {@code Tests} and
 * {@code Globals}.
 */
@NullMarked
package dev.tributary.fl.text.jinja;

import org.jspecify.annotations.NullMarked;
