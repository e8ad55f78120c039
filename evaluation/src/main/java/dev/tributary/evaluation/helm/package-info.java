// SPDX-License-Identifier: Apache-2.0
/**
 * Scenarios of HELM's core (Liang et al. 2022, <a href="https://arxiv.org/abs/2211.09110">Holistic
 * Evaluation of Language Models</a>) as FederatedScope-LLM runs them: one class each, with HELM's
 * prompts, lengths and main metrics. What all differ in from HELM: HELM draws demonstrations by
 * Python's generator, here they are the first of the pool, one of each answer in turn; and scores
 * are of unperturbed inputs, which are HELM's main scores.
 */
@NullMarked
package dev.tributary.evaluation.helm;

import org.jspecify.annotations.NullMarked;
