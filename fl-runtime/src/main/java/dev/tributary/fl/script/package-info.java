// SPDX-License-Identifier: Apache-2.0
/**
 * The engine: TorchScript source compiled by libtorch, called through DJL. The only package that
 * touches DJL's internals.
 *
 * <p>Read {@link dev.tributary.fl.script.TorchScript} (the door), then the mathematics in the
 * resources {@code llama.py} and {@code optimisers.py}, then {@code ScriptModel} and {@code
 * ScriptWeights}, which call their methods. A family of models is one more such resource, and its
 * shape in {@code ScriptSource}.
 *
 * <p>Traps that the code here steps around:
 *
 * <ul>
 *   <li>DJL calls methods in libtorch's inference mode unless asked to train; what comes out there
 *       can never be trained. So every call asks to train, and each method of a script sets the
 *       grad mode, which a thread keeps.
 *   <li>A result belongs to the manager of a call's first argument. {@code Arguments} makes that
 *       one itself, and owns what comes back.
 *   <li>An array made of a direct buffer reads that buffer for as long as it lives; masks do so
 *       within one call.
 *   <li>bfloat16 cannot leave a script (DJL ends the JVM): results are float32, float64 or int64.
 * </ul>
 */
@NullMarked
package dev.tributary.fl.script;

import org.jspecify.annotations.NullMarked;
