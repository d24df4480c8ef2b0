import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import {
  type CausalLM,
  createModel,
  type ForwardOptions,
  type ModelConfig,
  type TokenBatch,
} from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate, collatePacked } from "../../lib/train/mod.ts";
import { assertClose, relativeError } from "../support/golden.ts";
import { randomExamples, withEngine, withTinyModel } from "../support/tiny_model.ts";

const { tokens: batch, wanted } = collate(randomExamples(3), 0);
const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);

/** A model of its own, whose head is not tied. */
const CONFIG: ModelConfig = {
  family: "qwen2",
  vocabSize: 96,
  hiddenSize: 16,
  intermediateSize: 24,
  layers: 2,
  heads: 2,
  kvHeads: 1,
  headDim: 8,
  rmsNormEps: 1e-6,
  ropeTheta: 1e4,
  maxPositions: 64,
  tieWordEmbeddings: false,
  attentionBias: true,
  eosTokenIds: [],
};

/** The mean negative log-probability of the batch. */
async function lossOf(model: CausalLM): Promise<number> {
  const pass = await model.forward(batch);
  const { logProbs } = await model.logProbs(pass, wanted);
  pass.hidden.dispose();
  return -logProbs.reduce((a, b) => a + b) / logProbs.length;
}

Deno.test("CausalLM.backward() gives gradients that predict how the loss changes along them", () =>
  withTinyModel(async (model) => {
    const pass = await model.forward(batch, { keep: "inputs", trainable: "all" });
    const gradients = new Map<string, Float32Array>();
    await model.backward(pass, wanted, coefficients, async (name, gradient) => {
      gradients.set(name, (await model.engine.read(gradient) as Float32Array).slice());
    });
    assert.deepEqual([...gradients.keys()].sort(), [...model.weights.keys()].sort());
    const squares = [...gradients.values()].reduce((sum, values) => sum + Math.hypot(...values) ** 2, 0);
    // Central difference along the whole gradient: (f(w + h g) - f(w - h g)) / 2h = |g|^2.
    const h = 1e-3 / Math.sqrt(squares);
    const move = (size: number) => {
      for (const [name, gradient] of gradients) {
        const weight = model.weight(name).data as Float32Array;
        gradient.forEach((value, i) => weight[i] += size * value);
      }
    };
    move(h);
    const above = await lossOf(model);
    move(-2 * h);
    const below = await lossOf(model);
    assertClose([(above - below) / (2 * h)], [squares], "directional derivative", 1e-2);
  }));

Deno.test("CausalLM frees what a pass kept and made, whether or not there is a backward", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    await lossOf(model);
    const before = model.engine.bytesInUse;
    for (const keep of ["inputs", "residuals"] as const) {
      for (const trainable of ["all", "lora", "none"] as const) {
        const pass = await model.forward(batch, { keep, trainable, adapter });
        assert.ok(model.engine.bytesInUse > before);
        const names: string[] = [];
        await model.backward(pass, wanted, coefficients, (name, gradient) => {
          names.push(name);
          gradient.dispose();
        });
        assert.equal(model.engine.bytesInUse, before, `${keep} ${trainable}`);
        const factors = [...adapter.factors.keys()].length;
        const expected = { all: model.weights.size + factors, lora: factors, none: 0 }[trainable];
        assert.equal(new Set(names).size, expected, `${keep} ${trainable}`);
        assert.equal(names.length, expected);
      }
    }
    await lossOf(model);
    assert.equal(model.engine.bytesInUse, before);
  }));

/** All gradients of a pass over the batch, by name. */
async function gradientsOf(model: CausalLM, options: ForwardOptions): Promise<Map<string, Float32Array>> {
  const pass = await model.forward(batch, { keep: "inputs", trainable: "all", ...options });
  const gradients = new Map<string, Float32Array>();
  await model.backward(pass, wanted, coefficients, async (name, gradient) => {
    gradients.set(name, (await model.engine.read(gradient) as Float32Array).slice());
    gradient.dispose();
  });
  return gradients;
}

Deno.test("CausalLM.forward() adds embeddingNoise as if the table's rows had it", () =>
  withTinyModel(async (model) => {
    const { hiddenSize, vocabSize } = model.config;
    const random = new Random("noise");
    const rowNoise = Float32Array.from({ length: vocabSize * hiddenSize }, () => 0.1 * random.normal());
    const embeddingNoise = new Float32Array(batch.ids.length * hiddenSize);
    batch.ids.forEach((id, at) => {
      const start = Number(id) * hiddenSize;
      embeddingNoise.set(rowNoise.subarray(start, start + hiddenSize), at * hiddenSize);
    });
    await lossOf(model); // the rotary tables stay
    const before = model.engine.bytesInUse;
    const noisy = await model.forward(batch, { embeddingNoise });
    const hidden = (noisy.hidden.data as Float32Array).slice();
    noisy.hidden.dispose();
    const plain = await model.forward(batch);
    assert.ok(relativeError(plain.hidden.data as Float32Array, hidden) > 1e-3, "noise changes the hidden state");
    plain.hidden.dispose();
    const gradients = await gradientsOf(model, { embeddingNoise });
    assert.equal(model.engine.bytesInUse, before);

    // The head is tied to the table: only the blocks' gradients and the hidden state can be compared with another table.
    const table = model.weight("model.embed_tokens.weight").data as Float32Array;
    const own = table.slice();
    table.forEach((value, i) => table[i] = value + rowNoise[i]);
    const moved = await model.forward(batch);
    assert.deepEqual(moved.hidden.data, hidden);
    moved.hidden.dispose();
    table.set(own);
    // Noise of zeros changes nothing, and passes gradients through.
    const silent = await gradientsOf(model, { embeddingNoise: new Float32Array(embeddingNoise.length) });
    for (const [name, gradient] of await gradientsOf(model, {})) assert.deepEqual(silent.get(name), gradient, name);
    assert.notDeepEqual(gradients.get("model.embed_tokens.weight"), silent.get("model.embed_tokens.weight"));

    const short = model.forward(batch, { embeddingNoise: new Float32Array(3) });
    await assert.rejects(short, /embeddingNoise of 3 numbers: expected \[3, \d+, 32\]/);
    assert.equal(model.engine.bytesInUse, before);
  }));

Deno.test("CausalLM.dispose() frees everything, and may be called again", () =>
  withEngine(async (engine) => {
    const model = await createModel(CONFIG, { engine, random: new Random(1) });
    assert.ok(Math.abs(await lossOf(model) - Math.log(96)) < 0.1);
    await model.dispose();
    await model.dispose();
    assert.equal(engine.bytesInUse, 0);
    await assert.rejects(model.forward(batch), /the model has no weight "model.embed_tokens.weight"/);
  }));

Deno.test("CausalLM.forward() names the row and token that it cannot read", () =>
  withTinyModel(async (model) => {
    const before = model.engine.bytesInUse;
    const change = (changes: Partial<TokenBatch>) => model.forward({ ...batch, ...changes });
    const at = 2 * batch.tokens + 1;
    const ids = (id: bigint) => batch.ids.map((own, i) => i === at ? id : own);
    await assert.rejects(change({ ids: ids(96n) }), /row 2, token 1: id 96 is outside the model's vocabulary of 96/);
    await assert.rejects(change({ ids: ids(-1n) }), /row 2, token 1: id -1 is outside/);
    const positions = batch.positions.map((own, i) => i === at ? 128n : own);
    await assert.rejects(change({ positions }), /row 2, token 1: position 128 is outside the model's 128 positions/);
    const long = collate([{ ids: new Array(129).fill(2), lossMask: new Array(129).fill(true) }], 0);
    await assert.rejects(model.forward(long.tokens), /a row of 129 tokens: the model reads at most 128/);
    await assert.rejects(change({ batch: 0 }), /a batch of 0 rows/);
    assert.equal(model.engine.bytesInUse, before);
    const longest = collate([{ ids: new Array(128).fill(2), lossMask: new Array(128).fill(true) }], 0);
    (await model.forward(longest.tokens)).hidden.dispose();
  }));

Deno.test("CausalLM.backward() asks for a forward pass that kept something", () =>
  withTinyModel(async (model) => {
    const pass = await model.forward(batch);
    const backward = model.backward(pass, wanted, coefficients, () => {});
    await assert.rejects(backward, /run the forward pass with keep: "inputs" or "residuals"/);
  }));

Deno.test("CausalLM.forward() reads a row that is longer than any document packed in it", () =>
  withEngine(async (engine) => {
    const config = { ...CONFIG, maxPositions: 512 };
    const model = await createModel(config, { engine, random: new Random(1) });
    const document = { ids: Array.from({ length: 150 }, (_, i) => i % 96), lossMask: new Array(150).fill(true) };
    const alone = await model.forward(collate([document], 0).tokens);
    const packed = await model.forward(collatePacked([[document, document]], 0).tokens);
    const expected = [...alone.hidden.data as Float32Array];
    assertClose(packed.hidden.data as Float32Array, [...expected, ...expected], "hidden state", 1e-6);
    await model.dispose();
  }));

Deno.test("CausalLM.forward() names the factor that an adapter lacks", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["v_proj"] });
    const factors = new Map(adapter.factors);
    factors.delete("model.layers.1.self_attn.v_proj.lora_A");
    const forward = model.forward(batch, { adapter: { ...adapter, factors } });
    await assert.rejects(forward, /the adapter has no "model.layers.1.self_attn.v_proj.lora_A"/);
  }));
