// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import java.time.Instant;
import java.util.Optional;

/** A run: the one row of {@link Tables#RUNS}, which explains its columns. */
public record RunRow(
    String identity,
    long seed,
    String scenario,
    String algorithm,
    String adapterMethod,
    String checkpoint,
    String checkpointSha256,
    String dtype,
    String corpus,
    String splitter,
    String dataSha256,
    int clients,
    long trainExamples,
    long trainedParameters,
    int rounds,
    int committedRounds,
    Optional<Integer> chosenRound,
    Optional<String> adapterSha256,
    String device,
    int threadsPerClient,
    String master,
    String host,
    Optional<String> gitCommit,
    String tributaryVersion,
    String sparkVersion,
    String javaVersion,
    Instant startedAt,
    Optional<Instant> finishedAt) {}
