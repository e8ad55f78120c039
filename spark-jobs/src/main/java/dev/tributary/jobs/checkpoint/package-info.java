// SPDX-License-Identifier: Apache-2.0
/** Where the model lies that a user names: a directory, or the name of a model on a hub. */
@NullMarked
package dev.tributary.jobs.checkpoint;

import org.jspecify.annotations.NullMarked;
