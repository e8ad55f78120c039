// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.corpus;

import java.io.Serializable;

/** The configuration of a corpus that is as it was published. */
public record NoSettings() implements Serializable {}
