// SPDX-License-Identifier: Apache-2.0
/**
 * Models by their names on a hub ({@code org/model}): from the cache that Hugging Face's libraries
 * fill too, or fetched into it.
 *
 * <p>Read {@link dev.tributary.fl.hub.ModelName} (what may be asked), {@link
 * dev.tributary.fl.hub.Hub} (cache first, or hub), then {@link dev.tributary.fl.hub.HubClient} (the
 * protocol). All of it is the driver's: executors read directories, and fetch nothing from a hub.
 */
@NullMarked
package dev.tributary.fl.hub;

import org.jspecify.annotations.NullMarked;
