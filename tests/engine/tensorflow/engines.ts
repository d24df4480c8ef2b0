/**
 * The engines to test. TensorFlow's own library is among them where KILN_TENSORFLOW names its backend, `node` or
 * `node-gpu`, and the package is installed.
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "../../../lib/engine/mod.ts";
import { createTensorFlowEngine, type TensorFlowBackend } from "../../../lib/engine/tensorflow/mod.ts";

const native = Deno.env.get("KILN_TENSORFLOW") as TensorFlowBackend | undefined;

/** What tests say they run on, and the engine. */
export const ENGINES: readonly [on: string, engine: Engine][] = [
  ["TensorFlow.js in plain JavaScript", await createTensorFlowEngine({ backend: "cpu" })],
  ["TensorFlow.js on WebAssembly", await createTensorFlowEngine({ backend: "wasm" })],
  ...(native ? [["TensorFlow", await createTensorFlowEngine({ backend: native })] as [string, Engine]] : []),
];

/** Runs something on an engine, which must leave no tensor behind. */
export async function leavingNothing<T>(engine: Engine, run: () => Promise<T>): Promise<T> {
  const [bytes, tensors] = [engine.bytesInUse, tf.memory().numTensors];
  const result = await run();
  assert.equal(engine.bytesInUse, bytes);
  assert.equal(tf.memory().numTensors, tensors);
  return result;
}
