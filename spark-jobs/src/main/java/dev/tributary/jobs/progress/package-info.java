// SPDX-License-Identifier: Apache-2.0
/** What long work tells those who wait: how far it is, how long it will take. */
@NullMarked
package dev.tributary.jobs.progress;

import org.jspecify.annotations.NullMarked;
