// SPDX-License-Identifier: Apache-2.0
/**
 * From a corpus to a federated split: readers, splitters, the split directory with its manifest.
 *
 * <p>Read {@link dev.tributary.data.DataConfig} (what may be asked), {@link
 * dev.tributary.data.Preparation} (the whole way, in two passes), {@link
 * dev.tributary.data.Splitter} and {@link dev.tributary.data.Corpus} (what may be added), then
 * {@link dev.tributary.data.SplitDirectory} and {@link dev.tributary.data.TokenisedSplit} (what is
 * left on disk, for people and for training).
 */
@NullMarked
package dev.tributary.data;

import org.jspecify.annotations.NullMarked;
