/** Which operators there are: all that anything uses, and none that nothing uses. */
import assert from "node:assert/strict";
import { type CompileOptions, createEngine } from "../../../lib/engine/mod.ts";
import { OPERATORS } from "../../../lib/engine/tensorflow/operators/mod.ts";
import { chunkBody, gradients, neededNodes, type Tensor } from "../../../lib/graph/mod.ts";
import { generate, loadModel } from "../../../lib/models/mod.ts";
import { collate, sft } from "../../../lib/train/mod.ts";
import { DIFFERENTIABLE, PLAIN } from "../../graph/ops/operator_cases.ts";
import { DECODING_KERNELS, TRAINING_KERNELS } from "../../kernels/kernel_cases.ts";
import { DECODER_BLOCK } from "../../support/decoder_block.ts";
import { EngineAround } from "../../support/engine_around.ts";
import { buildCase, differentiated } from "../../support/graph_case.ts";
import { collect, randomExamples, TINY_MODEL } from "../../support/tiny_model.ts";

/** The operators that some values need. */
function operatorsOf(outputs: readonly Tensor[]): string[] {
  return neededNodes(outputs).flatMap((node) => {
    const body = chunkBody(node);
    return body ? operatorsOf(body) : [node.operator.name];
  });
}

/** The operators of every case, and of its gradients where it has any. */
function operatorsOfCases(): Set<string> {
  const used = new Set<string>();
  for (const graphCase of [...DIFFERENTIABLE, ...TRAINING_KERNELS, DECODER_BLOCK, ...PLAIN, ...DECODING_KERNELS]) {
    const built = buildCase(graphCase);
    operatorsOf(built.outputs).forEach((name) => used.add(name));
    if (PLAIN.includes(graphCase) || DECODING_KERNELS.includes(graphCase)) continue;
    const { wrt, losses } = differentiated(graphCase, built);
    const seeds = losses.map((tensor) => ({ tensor, gradient: tensor }));
    operatorsOf(gradients(seeds, wrt.map((name) => built.inputs[name]))).forEach((name) => used.add(name));
  }
  return used;
}

/** Notes the operators of every program that is compiled. */
class NotingEngine extends EngineAround {
  readonly used = new Set<string>();
  override compile(options: CompileOptions) {
    operatorsOf(Object.values(options.outputs)).forEach((name) => this.used.add(name));
    return super.compile(options);
  }
}

Deno.test("OPERATORS has every operator of every case, and nothing else", () => {
  assert.deepEqual([...OPERATORS.keys()].sort(), [...operatorsOfCases()].sort());
});

Deno.test("OPERATORS has every operator of the programs that train a model and decode with it", async () => {
  const engine = new NotingEngine(await createEngine({ threads: 1 }));
  const model = await loadModel(TINY_MODEL, { engine });
  const options = { trainDataset: randomExamples(4), maxSteps: 1, perDeviceTrainBatchSize: 2 };
  for (const gradientCheckpointing of [true, false]) await collect(sft({ model, ...options, gradientCheckpointing }));
  const { tokens } = collate(randomExamples(2), 0);
  (await model.forward(tokens)).hidden.dispose();
  for (const temperature of [0, 1]) await generate(model, { prompts: [[5, 6, 7]], maxNewTokens: 3, temperature });
  assert.ok(engine.used.size > 20, `${[...engine.used]}`);
  assert.deepEqual([...engine.used].filter((name) => !OPERATORS.has(name)), []);
  await model.dispose();
  await engine.dispose();
});
