// SPDX-License-Identifier: Apache-2.0
/**
 * From a record to tokens: the instruction example, templates, tokenizers and label masking, shared
 * by preparation, training and evaluation.
 */
@NullMarked
package dev.tributary.fl.text;

import org.jspecify.annotations.NullMarked;
