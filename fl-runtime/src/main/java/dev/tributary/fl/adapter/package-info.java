// SPDX-License-Identifier: Apache-2.0
/**
 * What a client trains and what travels: adapters on a frozen base.
 *
 * <p>Read {@link dev.tributary.fl.adapter.AdapterMethod} (what may be asked), then {@link
 * dev.tributary.fl.adapter.NamedTensors} (what a round sends). Nothing here knows of rounds,
 * clients or Spark.
 */
@NullMarked
package dev.tributary.fl.adapter;

import org.jspecify.annotations.NullMarked;
