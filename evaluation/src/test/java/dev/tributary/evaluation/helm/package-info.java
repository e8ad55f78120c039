// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.tributary.evaluation.helm;

import org.jspecify.annotations.NullMarked;
