import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { createModel, Decoder, generate, type ModelConfig, type Trainable } from "../../lib/models/mod.ts";
import { CAPACITY_STEP } from "../../lib/models/generate/kv_cache.ts";
import { Random } from "../../lib/random/mod.ts";
import { sft } from "../../lib/train/mod.ts";
import { CountingEngine } from "../bench/counting_engine.ts";
import { blockFlops, rolloutFlops, trainingStepFlops } from "../../lib/scale/mod.ts";
import { randomTexts } from "../bench/random_data.ts";

const CONFIG: ModelConfig = {
  family: "qwen2",
  vocabSize: 96,
  hiddenSize: 24,
  intermediateSize: 40,
  layers: 2,
  heads: 6,
  kvHeads: 2,
  headDim: 8,
  rmsNormEps: 1e-6,
  ropeTheta: 10000,
  maxPositions: 256,
  tieWordEmbeddings: true,
  attentionBias: true,
  eosTokenIds: [],
};

/** A tiny model on an engine that counts. */
async function countingModel(rank: number) {
  const engine = new CountingEngine(await createEngine());
  const model = await createModel(CONFIG, { engine, random: new Random(1) });
  const adapter = rank === 0 ? undefined : await createLora(model, new Random(2), { r: rank });
  return { engine, model, adapter };
}

for (const rank of [0, 4]) {
  for (const recompute of [true, false]) {
    const trainable: Trainable = rank === 0 ? "all" : "lora";
    Deno.test(`trainingStepFlops() is what a step of sft() runs, training ${trainable}, recompute ${recompute}`, async () => {
      const { engine, model, adapter } = await countingModel(rank);
      const [batch, tokens, scored] = [3, 10, 3 * 4];
      const trainDataset = randomTexts(batch, tokens, CONFIG)
        .map((ids) => ({ ids, lossMask: ids.map((_, token) => token >= 6) }));
      const steps = sft({
        model,
        adapter,
        trainDataset,
        perDeviceTrainBatchSize: batch,
        gradientCheckpointing: recompute,
        maxSteps: 1,
      });
      await steps.next();
      assert.equal(engine.flops, trainingStepFlops(CONFIG, { batch, tokens, trainable, rank, scored, recompute }));
      await steps.return(undefined);
      await model.dispose();
    });
  }
}

Deno.test("blockFlops() is what each pass of a block runs", async () => {
  const { engine, model, adapter } = await countingModel(4);
  const [batch, tokens] = [2, 7];
  const texts = randomTexts(batch, tokens, CONFIG).flat();
  const tokenBatch = {
    batch,
    tokens,
    ids: BigInt64Array.from(texts, BigInt),
    positions: BigInt64Array.from(texts, (_, at) => BigInt(at % tokens)),
    documents: new Int32Array(batch * tokens),
  };
  const wanted = { rows: [0], targets: [1] };
  const head = 2 * CONFIG.vocabSize * CONFIG.hiddenSize;
  for (const keep of ["inputs", "residuals"] as const) {
    const expected = blockFlops(CONFIG, { batch, tokens, trainable: "lora", rank: 4 });
    engine.flops = 0;
    const pass = await model.forward(tokenBatch, { adapter, trainable: "lora", keep });
    assert.equal(engine.flops, CONFIG.layers * expected.forward, `forward, keeping ${keep}`);
    engine.flops = 0;
    await model.backward(pass, wanted, Float32Array.of(1), (_, gradient) => gradient.dispose());
    const backward = keep === "inputs" ? expected.backwardRecomputing : expected.backward;
    assert.equal(engine.flops - 2 * head, CONFIG.layers * backward, `backward, from ${keep}`);
  }
  await model.dispose();
});

Deno.test("rolloutFlops() is what generate() runs, but for the cache's spare room", async () => {
  for (const rank of [0, 4]) {
    const { engine, model, adapter } = await countingModel(rank);
    // No stop tokens: every completion is as long as it may be.
    const work = { prompts: 2, promptTokens: 9, samples: 3, newTokens: 12, rank };
    const decoder = new Decoder(model, { adapter, weights: "inputs" });
    await generate(model, {
      prompts: randomTexts(work.prompts, work.promptTokens, CONFIG),
      samples: work.samples,
      maxNewTokens: work.newTokens,
      adapter,
      decoder,
    });
    const spare = engine.flops - rolloutFlops(CONFIG, work);
    const sequences = work.prompts * work.samples;
    const attentionToOneToken = 2 * 2 * sequences * CONFIG.heads * CONFIG.headDim * CONFIG.layers;
    const mostSpare = attentionToOneToken * CAPACITY_STEP * (work.newTokens - 1);
    assert.ok(spare >= 0 && spare < mostSpare, `${spare} operations more than the formula says, of ${engine.flops}`);
    assert.equal(spare % attentionToOneToken, 0);
    await decoder.dispose();
    await model.dispose();
  }
});
