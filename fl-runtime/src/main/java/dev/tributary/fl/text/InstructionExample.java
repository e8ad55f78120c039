// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import java.io.Serializable;

/**
 * One record of an instruction corpus after its field map.
 *
 * @param id identity: the hash of the mapped fields and the number of its occurrence
 * @param category what splitters by meta-information go by; empty where the corpus has none
 * @param instruction what is asked
 * @param input further context; empty where there is none (never the word "None")
 * @param output the wanted answer
 */
public record InstructionExample(
    String id, String category, String instruction, String input, String output)
    implements Serializable {}
