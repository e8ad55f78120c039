// SPDX-License-Identifier: Apache-2.0
/** What tests of several modules share. */
@NullMarked
package dev.tributary.fl.testing;

import org.jspecify.annotations.NullMarked;
