// SPDX-License-Identifier: Apache-2.0
/** Tests on a standalone cluster of real processes. */
@NullMarked
package dev.tributary.jobs.cluster;

import org.jspecify.annotations.NullMarked;
