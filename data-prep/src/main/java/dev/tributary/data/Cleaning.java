// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.config.Default;
import java.io.Serializable;

/**
 * Which examples are left out though they can be read: the group {@code data.clean}. Nothing is
 * unless the file asks for it; what is left out is counted in the manifest.
 *
 * @param duplicates those whose mapped fields another example has; one of them stays
 * @param emptyAnswers those without an answer, which teach only to be silent
 */
public record Cleaning(@Default("false") boolean duplicates, @Default("false") boolean emptyAnswers)
    implements Serializable {}
