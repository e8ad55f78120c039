// SPDX-License-Identifier: Apache-2.0
/**
 * Stages of Spark ML pipelines, for Java, Scala and notebooks, with the conventions of DJL's Spark
 * extension: {@link dev.tributary.data.ml.TextEncoder} turns texts into token ids, {@link
 * dev.tributary.data.ml.TextDecoder} token ids into texts.
 */
@NullMarked
package dev.tributary.data.ml;

import org.jspecify.annotations.NullMarked;
