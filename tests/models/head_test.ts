import assert from "node:assert/strict";
import type { DeviceTensor } from "../../lib/engine/mod.ts";
import { createModel, type HeadTargets, parseConfig } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { assertClose } from "../support/golden.ts";
import { TINY_MODEL, withEngine } from "../support/tiny_model.ts";

const config = parseConfig(await Deno.readTextFile(`${TINY_MODEL}/config.json`), "config.json");
const { hiddenSize, vocabSize } = config;

/** Random numbers of a shape. */
function numbers(random: Random, count: number, size = 1): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, () => size * random.normal());
}

/** The head in plain float64: final norm, all logits, log-softmax. */
function plainHead(
  hidden: Float32Array,
  norm: Float32Array,
  head: Float32Array,
  { rows, targets, temperature = 1 }: HeadTargets,
) {
  return rows.map((row, i) => {
    const x = Array.from(hidden.subarray(row * hiddenSize, (row + 1) * hiddenSize));
    const scale = 1 / Math.sqrt(x.reduce((sum, value) => sum + value ** 2, 0) / hiddenSize + config.rmsNormEps);
    const logits = Array.from(
      { length: vocabSize },
      (_, token) =>
        x.reduce((sum, value, k) => sum + value * scale * norm[k] * head[token * hiddenSize + k], 0) / temperature,
    );
    const highest = Math.max(...logits);
    const logSum = highest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0));
    const entropy = -logits.reduce((sum, logit) => sum + Math.exp(logit - logSum) * (logit - logSum), 0);
    return { logProb: logits[targets[i]] - logSum, entropy, greedy: logits[targets[i]] === highest ? 1 : 0 };
  });
}

/** Runs a test with a model's head and a hidden state [batch 3, tokens 1000]: more rows than one chunk takes. */
async function withHead(
  run: (context: {
    model: Awaited<ReturnType<typeof createModel>>;
    hidden: DeviceTensor;
    weights: { norm: DeviceTensor; head: DeviceTensor };
    wanted: HeadTargets;
  }) => Promise<void>,
): Promise<void> {
  await withEngine(async (engine) => {
    const random = new Random("head");
    const model = await createModel(config, { engine, random, initializerRange: 0.5 });
    const hidden = await engine.store(numbers(random, 3000 * hiddenSize), [3, 1000, hiddenSize]);
    const rows = random.sample(Array.from({ length: 3000 }, (_, row) => row), 2500).sort((a, b) => a - b);
    const targets = rows.map(() => random.integer(0, vocabSize - 1));
    await model.withHead((weights) => run({ model, hidden, weights, wanted: { rows, targets } }));
  });
}

Deno.test("Head.logProbs() equals a plain softmax over all logits, across chunks and at any temperature", () =>
  withHead(async ({ model, hidden, weights, wanted }) => {
    const array = ({ data }: DeviceTensor) => data as Float32Array;
    for (const temperature of [1, 0.5, 3]) {
      const output = await model.head.logProbs(hidden, weights, { ...wanted, temperature });
      const expected = plainHead(array(hidden), array(weights.norm), array(weights.head), { ...wanted, temperature });
      assertClose(output.logProbs, expected.map(({ logProb }) => logProb), `log-probabilities at ${temperature}`);
      assertClose(output.entropies, expected.map(({ entropy }) => entropy), `entropies at ${temperature}`);
      assert.deepEqual([...output.greedy], expected.map(({ greedy }) => greedy));
      assert.ok(expected.some(({ greedy }) => greedy === 1));
    }
  }));

Deno.test("Head.backward() adds up over chunks: the same log-probabilities, and gradients of the sum of parts", () =>
  withHead(async ({ model, hidden, weights, wanted }) => {
    const coefficients = numbers(new Random(1), wanted.rows.length);
    const bytes = model.engine.bytesInUse;
    const run = async (from: number, to: number) => {
      const part = { rows: wanted.rows.slice(from, to), targets: wanted.targets.slice(from, to), temperature: 0.7 };
      const result = await model.head.backward(hidden, weights, part, coefficients.slice(from, to), true);
      const { hidden: dHidden, norm, weight } = result.gradients;
      const arrays = [dHidden, norm!, weight!].map(({ data }) => Float32Array.from(data as Float32Array));
      [dHidden, norm!, weight!].forEach((tensor) => tensor.dispose());
      return { logProbs: [...result.logProbs], arrays };
    };
    const whole = await run(0, 2500);
    const parts = [await run(0, 700), await run(700, 1500), await run(1500, 2500)];
    assertClose(parts.flatMap(({ logProbs }) => logProbs), whole.logProbs, "log-probabilities", 1e-6);
    for (const [i, name] of ["hidden", "norm", "weight"].entries()) {
      const sum = whole.arrays[i].map((_, at) => parts.reduce((total, { arrays }) => total + arrays[i][at], 0));
      assertClose(whole.arrays[i], sum, `gradient by ${name}`);
    }
    const alone = await model.head.logProbs(hidden, weights, { ...wanted, temperature: 0.7 });
    assertClose(alone.logProbs, whole.logProbs, "log-probabilities without a backward", 1e-6);
    assert.equal(model.engine.bytesInUse, bytes, "all is freed");
  }));

Deno.test("Head.backward() leaves positions without a wanted token without a gradient, and weights alone when told", () =>
  withHead(async ({ model, hidden, weights, wanted }) => {
    const { gradients } = await model.head.backward(hidden, weights, wanted, new Float32Array(2500).fill(1), false);
    assert.equal(gradients.norm, null);
    assert.equal(gradients.weight, null);
    const dHidden = gradients.hidden.data as Float32Array;
    const scored = new Set(wanted.rows);
    for (let row = 0; row < 3000; row++) {
      const part = dHidden.subarray(row * hiddenSize, (row + 1) * hiddenSize);
      assert.equal(part.some((value) => value !== 0), scored.has(row), `position ${row}`);
    }
  }));

Deno.test("Head refuses targets and coefficients that do not fit", () =>
  withHead(async ({ model, hidden, weights, wanted: { rows, targets } }) => {
    const score = (changes: Partial<HeadTargets>) =>
      model.head.logProbs(hidden, weights, { rows, targets, ...changes });
    await assert.rejects(score({ targets: [1] }), /2500 positions but 1 targets/);
    await assert.rejects(score({ temperature: 0 }), /temperature: expected a number above 0, got 0/);
    const backward = model.head.backward(hidden, weights, { rows, targets }, new Float32Array(3), true);
    await assert.rejects(backward, /3 coefficients for 2500 positions/);
    const twice = model.head.backward(hidden, weights, { rows: [5, 5], targets: [1, 2] }, new Float32Array(2), true);
    await assert.rejects(twice, /a position is wanted twice/);
  }));

Deno.test("Head gives the scores of an objective across chunks, and log-probabilities beside them", () =>
  withHead(async ({ model, hidden, weights, wanted }) => {
    const { logProbs: plain } = await model.head.logProbs(hidden, weights, wanted);
    const ones = new Float32Array(wanted.rows.length).fill(1);
    const vocabulary = Array.from({ length: vocabSize }, (_, token) => token);
    // The first positions are enough for the mean over the vocabulary.
    const rows = wanted.rows.slice(0, 5);
    const means = new Float32Array(5);
    for (const token of vocabulary) {
      const { logProbs } = await model.head.logProbs(hidden, weights, { rows, targets: rows.map(() => token) });
      logProbs.forEach((value, i) => means[i] += value / vocabSize);
    }
    const smoothed = await model.head.logProbs(hidden, weights, {
      ...wanted,
      objective: { labelSmoothingFactor: 0.1 },
    });
    assertClose(smoothed.scores.slice(0, 5), means.map((mean, i) => 0.9 * plain[i] + 0.1 * mean), "smoothed scores");
    for (const objective of [{ lossType: "dft" as const }, { labelSmoothingFactor: 0.1 }, {}]) {
      const forward = await model.head.logProbs(hidden, weights, { ...wanted, objective });
      const { gradients, ...backward } = await model.head.backward(
        hidden,
        weights,
        { ...wanted, objective },
        ones,
        true,
      );
      Object.values(gradients).forEach((tensor) => tensor?.dispose());
      assertClose(forward.logProbs, plain, "log-probabilities", 1e-6);
      assertClose(backward.scores, forward.scores, "scores of the backward pass", 1e-6);
      assert.equal(forward.scores === forward.logProbs, Object.keys(objective).length === 0);
      if ("lossType" in objective) assertClose(forward.scores, plain.map((value) => value * Math.exp(value)), "dft");
    }
  }));
