// SPDX-License-Identifier: Apache-2.0
/**
 * How low-rank updates of several clients become one: factor by factor, or as the products that
 * they stand for.
 *
 * <p>Read {@link dev.tributary.fl.aggregation.LoraAggregation}, then {@link
 * dev.tributary.fl.aggregation.FedIt} and {@link dev.tributary.fl.aggregation.ExactProduct}. {@link
 * dev.tributary.fl.aggregation.AggregatedCohort} puts a rule between a round's answers and the
 * federated algorithm, {@link dev.tributary.fl.aggregation.FactorExchange} between clients and
 * server.
 */
@NullMarked
package dev.tributary.fl.aggregation;

import org.jspecify.annotations.NullMarked;
