// SPDX-License-Identifier: Apache-2.0
/**
 * Causal language models from Hugging Face directories, and what may be asked of one: {@link
 * dev.tributary.fl.model.CausalLm}.
 */
@NullMarked
package dev.tributary.fl.model;

import org.jspecify.annotations.NullMarked;
