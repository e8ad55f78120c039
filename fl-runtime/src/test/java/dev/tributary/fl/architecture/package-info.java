// SPDX-License-Identifier: Apache-2.0
/** Rules between packages. */
@NullMarked
package dev.tributary.fl.architecture;

import org.jspecify.annotations.NullMarked;
