/**
 * Every operator and kernel on TensorFlow.js, in plain JavaScript and on WebAssembly: kernels that have nothing in common
 * with ONNX Runtime's, held against the same float64 reference.
 */
import type { Engine } from "../../../lib/engine/mod.ts";
import { DIFFERENTIABLE, PLAIN } from "../../graph/ops/operator_cases.ts";
import { DECODING_KERNELS, TRAINING_KERNELS } from "../../kernels/kernel_cases.ts";
import { checkEngine } from "../../support/check_engine.ts";
import { DECODER_BLOCK } from "../../support/decoder_block.ts";
import type { GraphCase } from "../../support/graph_case.ts";
import { ENGINES, leavingNothing } from "./engines.ts";

function check(engine: Engine, graphCase: GraphCase, differentiable: boolean): Promise<void> {
  return leavingNothing(engine, () => checkEngine(engine, graphCase, { differentiable }));
}

for (const [on, engine] of ENGINES) {
  for (const graphCase of [...DIFFERENTIABLE, ...TRAINING_KERNELS, DECODER_BLOCK]) {
    Deno.test(`${graphCase.name}: value and gradient with ${on}`, () => check(engine, graphCase, true));
  }
  for (const graphCase of [...PLAIN, ...DECODING_KERNELS]) {
    Deno.test(`${graphCase.name}: value with ${on}`, () => check(engine, graphCase, false));
  }
}
