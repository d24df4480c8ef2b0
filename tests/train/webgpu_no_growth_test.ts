/** A long run on WebGPU, whose memory no garbage collector frees: see tests/engine/webgpu_test.ts for where it runs. */
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createEngine } from "../../lib/engine/mod.ts";
import { createModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { sft } from "../../lib/train/mod.ts";

/** As small as a model can be: what counts is how many programs run and tensors are replaced. */
const config = {
  family: "llama",
  vocabSize: 32,
  hiddenSize: 8,
  intermediateSize: 8,
  layers: 1,
  heads: 2,
  kvHeads: 1,
  headDim: 4,
  rmsNormEps: 1e-6,
  ropeTheta: 1e4,
  maxPositions: 32,
  tieWordEmbeddings: true,
  attentionBias: false,
  eosTokenIds: [],
} as const;

/**
 * What the process may have grown by between the steps 100 and 1,000. Allocators settle by some megabytes; a step runs some
 * 400 kernels, so 100 bytes lost in each of them would show.
 */
const MARGIN = 32e6;

Deno.test({
  name: "sft() on WebGPU holds as much after 1,000 steps as after the second",
  ignore: Deno.env.get("KILN_WEBGPU") !== "1",
  fn: async () => {
    const engine = await createEngine({ device: "webgpu" });
    const random = new Random(1);
    const model = await createModel(config, { engine, random });
    const trainDataset = Array.from({ length: 2 }, () => ({
      ids: Array.from({ length: 4 }, () => random.integer(0, 31)),
      lossMask: [false, true, true, true],
    }));
    // A disposed tensor has given its buffer back, but its handle of some kilobyte waits for the garbage collector, which
    // comes seldom where JavaScript's own heap is small: the process would grow by 100 MB and then stay as it is.
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const bytes: number[] = [];
    const resident: number[] = [];
    let last = 0;
    const options = { perDeviceTrainBatchSize: 2, maxSteps: 1000, learningRate: 1e-2 };
    for await (const { step, metrics } of sft({ model, trainDataset, ...options })) {
      bytes[step] = engine.bytesInUse;
      if (step % 10 === 0) collectGarbage();
      resident[step] = Deno.memoryUsage().rss;
      if (step > 2) assert.equal(bytes[step], bytes[2], `bytes after step ${step}`);
      last = metrics.loss;
    }
    const growth = resident[1000] - resident[100];
    assert.ok(growth < MARGIN, `the process grew by ${(growth / 1e6).toFixed(0)} MB between the steps 100 and 1000`);
    assert.ok(last < 0.1, `the rows are learned by heart: loss ${last}`);
    await model.dispose();
    assert.equal(engine.bytesInUse, 0);
    await engine.dispose();
  },
});
