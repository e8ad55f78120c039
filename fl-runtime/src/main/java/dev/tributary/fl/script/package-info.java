// SPDX-License-Identifier: Apache-2.0
/**
 * The engine: TorchScript source compiled by libtorch, called through DJL. The only package that
 * touches DJL's internals.
 */
@NullMarked
package dev.tributary.fl.script;

import org.jspecify.annotations.NullMarked;
