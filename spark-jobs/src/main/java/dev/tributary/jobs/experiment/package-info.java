// SPDX-License-Identifier: Apache-2.0
/** The experiment file: its records, and how YAML fills them. */
@NullMarked
package dev.tributary.jobs.experiment;

import org.jspecify.annotations.NullMarked;
