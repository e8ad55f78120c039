// SPDX-License-Identifier: Apache-2.0
/**
 * Federated algorithms: what a client does with the global adapter, how answers become the next
 * one.
 */
@NullMarked
package dev.tributary.fl.algorithm;

import org.jspecify.annotations.NullMarked;
