// SPDX-License-Identifier: Apache-2.0
/**
 * The command line: one class a command, which reads options and calls a job.
 *
 * <p>Read {@link dev.tributary.jobs.cli.CommandLineTool} (how commands are found and how they
 * fail), then {@code RunCommand} as an example.
 */
@NullMarked
package dev.tributary.jobs.cli;

import org.jspecify.annotations.NullMarked;
