// SPDX-License-Identifier: Apache-2.0
/** What tests of jobs share: a tiny experiment with everything that it needs. */
@NullMarked
package dev.tributary.jobs.testing;

import org.jspecify.annotations.NullMarked;
