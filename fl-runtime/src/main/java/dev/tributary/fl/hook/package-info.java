// SPDX-License-Identifier: Apache-2.0
/** What may look at or change a training step between gradient and update. */
@NullMarked
package dev.tributary.fl.hook;

import org.jspecify.annotations.NullMarked;
