import assert from "node:assert/strict";
import fc from "fast-check";
import { loadModel } from "../../lib/models/mod.ts";
import { PAIR_LOSSES, REFERENCE_FREE } from "../../lib/train/dpo_losses.ts";
import { collate, dpoLoss, type DpoLossInputs, type DpoLossOptions, type DpoLossType } from "../../lib/train/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";
import { withEngine } from "../support/tiny_model.ts";

interface Golden {
  pairs: { promptIds: number[]; chosenIds: number[]; rejectedIds: number[] }[];
  chosenLogps: number[];
  rejectedLogps: number[];
  referenceChosenLogps: number[];
  referenceRejectedLogps: number[];
  cases: {
    name: string;
    options: DpoLossOptions & { lossWeights: number[] | null };
    loss: number;
    gradNorm: number;
    metrics: Record<string, number>;
  }[];
}

const golden = await goldenJson<Golden>("dpo/losses.json");
const goldenGradients = await goldenTensors("dpo/losses.gradients.safetensors");
const { pairs } = golden;

/** What the head says rather than the loss is compared where the trainer is. */
const OF_THE_HEAD = ["entropy", "mean_token_accuracy", "logits/chosen", "logits/rejected"];

Deno.test("dpoLoss() equals TRL's losses, gradients and metrics of every case", async (t) => {
  await withEngine(async (engine) => {
    const model = await loadModel(`${GOLDEN}qwen2_tiny/tied`, { engine });
    const texts = [
      ...pairs.map(({ promptIds, chosenIds }) => [promptIds, chosenIds]),
      ...pairs.map(({ promptIds, rejectedIds }) => [promptIds, rejectedIds]),
    ];
    for (const { name, options: { lossWeights, ...options }, loss, gradNorm, metrics } of golden.cases) {
      await t.step(name, async () => {
        const isOrpo = options.lossType?.includes("orpo");
        const examples = texts.map(([prompt, completion], row) => ({
          ids: [...prompt, ...completion],
          lossMask: [...prompt.map(() => isOrpo === true && row < pairs.length), ...completion.map(() => true)],
        }));
        const { tokens, wanted } = collate(examples, 0);
        const pass = await model.forward(tokens, { keep: "inputs", trainable: "all" });
        const { logProbs } = await model.logProbs(pass, wanted);
        let at = 0;
        const take = (count: number) => Array.from(logProbs.subarray(at, at += count));
        const scored = texts.map(([prompt, completion], row) => ({
          prompt: take(isOrpo && row < pairs.length ? prompt.length - 1 : 0),
          completion: take(completion.length),
        }));
        const [chosen, rejected] = [scored.slice(0, pairs.length), scored.slice(pairs.length)];
        const result = dpoLoss({
          chosenLogProbs: chosen.map(({ completion }) => completion),
          rejectedLogProbs: rejected.map(({ completion }) => completion),
          promptLogProbs: chosen.map(({ prompt }) => prompt),
          referenceChosenLogps: golden.referenceChosenLogps,
          referenceRejectedLogps: golden.referenceRejectedLogps,
        }, { ...options, lossWeights: lossWeights ?? undefined });
        assertClose([result.loss], [loss], `loss of ${name}`);
        for (const [key, value] of Object.entries(metrics)) {
          if (OF_THE_HEAD.includes(key)) continue;
          // Rewards are small differences of log-probabilities: their rounding is relative to those.
          if (key.startsWith("rewards/")) assert.ok(Math.abs(result.metrics[key] - value) < 1e-5, `${key} of ${name}`);
          else assertClose([result.metrics[key]], [value], `${key} of ${name}`);
        }
        const coefficients = [
          ...result.gradients.prompt.map((prompt, i) => [...prompt, ...result.gradients.chosen[i]]),
          ...result.gradients.rejected,
        ].flat();
        const gradients = new Map<string, Float32Array>();
        await model.backward(pass, wanted, Float32Array.from(coefficients), async (weight, gradient) => {
          gradients.set(weight, await engine.read(gradient) as Float32Array);
        });
        const norm = Math.hypot(...[...gradients.values()].map((gradient) => Math.hypot(...gradient)));
        assertClose([norm], [gradNorm], `gradient norm of ${name}`);
        let compared = 0;
        for (const [key, values] of goldenGradients) {
          if (!key.startsWith(`${name}.model.`)) continue;
          assertClose(gradients.get(key.slice(name.length + 1))!, values, key);
          compared++;
        }
        assert.equal(compared, 4);
      });
    }
    await model.dispose();
  });
});

Deno.test("the golden cases of dpoLoss() have every loss", () => {
  const covered = new Set(golden.cases.flatMap(({ options: { lossType } }) => lossType));
  assert.deepEqual([...covered].sort(), Object.keys(PAIR_LOSSES).sort());
});

const ALL = Object.keys(PAIR_LOSSES) as DpoLossType[];
const optionsOf = (lossType: DpoLossType): DpoLossOptions => ({
  lossType,
  beta: 0.4,
  labelSmoothing: ["exo_pair", "robust", "simpo"].includes(lossType) ? 0.1 : 0,
});

const row = fc.array(fc.double({ min: -4, max: -0.05, noNaN: true }), { minLength: 1, maxLength: 5 });
const batch: fc.Arbitrary<Required<Omit<DpoLossInputs, "pairsInStep" | "chosenTokensInStep" | "rowTokensInStep">>> = fc
  .array(
    fc.record({ chosen: row, rejected: row, prompt: row, noise: fc.tuple(fc.double(FAR()), fc.double(FAR())) }),
    { minLength: 1, maxLength: 4 },
  )
  .map((pairs) => ({
    chosenLogProbs: pairs.map(({ chosen }) => chosen),
    rejectedLogProbs: pairs.map(({ rejected }) => rejected),
    promptLogProbs: pairs.map(({ prompt }) => prompt),
    referenceChosenLogps: pairs.map(({ chosen, noise }) => total(chosen) + noise[0]),
    referenceRejectedLogps: pairs.map(({ rejected, noise }) => total(rejected) + noise[1]),
  }));

function FAR() {
  return { min: -2, max: 2, noNaN: true };
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

for (const lossType of ALL) {
  Deno.test(`dpoLoss() has the gradient that finite differences have (${lossType})`, () => {
    fc.assert(
      fc.property(batch, fc.nat(), fc.constantFrom("chosen", "rejected", "prompt"), (inputs, place, kind) => {
        const options = optionsOf(lossType);
        const key = `${kind}LogProbs` as const;
        const pair = place % inputs[key].length;
        const token = place % inputs[key][pair].length;
        const at = (change: number) =>
          dpoLoss({
            ...inputs,
            [key]: inputs[key].map((row, i) => row.map((x, t) => i === pair && t === token ? x + change : x)),
          }, options).loss;
        // At the edge of the hinge there is no derivative.
        const step = 1e-5;
        const [below, here, above] = [at(-step), at(0), at(step)];
        fc.pre(Math.abs(above - 2 * here + below) < 1e-8);
        const expected = (above - below) / (2 * step);
        const actual = dpoLoss(inputs, options).gradients[kind][pair][token];
        assert.ok(Math.abs(actual - expected) <= 1e-6 * Math.max(1, Math.abs(expected)), `${actual}, not ${expected}`);
      }),
      { numRuns: 40 },
    );
  });

  Deno.test(`dpoLoss() depends neither on the order of pairs nor on how they are cut into micro-batches (${lossType})`, () => {
    fc.assert(
      fc.property(batch, (inputs) => {
        const options = optionsOf(lossType);
        const whole = dpoLoss(inputs, options);
        const part = (pairs: number[]): DpoLossInputs => ({
          chosenLogProbs: pairs.map((i) => inputs.chosenLogProbs[i]),
          rejectedLogProbs: pairs.map((i) => inputs.rejectedLogProbs[i]),
          promptLogProbs: pairs.map((i) => inputs.promptLogProbs[i]),
          referenceChosenLogps: pairs.map((i) => inputs.referenceChosenLogps[i]),
          referenceRejectedLogps: pairs.map((i) => inputs.referenceRejectedLogps[i]),
          pairsInStep: inputs.chosenLogProbs.length,
          chosenTokensInStep: inputs.chosenLogProbs.flat().length,
          rowTokensInStep: inputs.chosenLogProbs.flat().length + inputs.promptLogProbs.flat().length,
        });
        const count = inputs.chosenLogProbs.length;
        const backwards = Array.from({ length: count }, (_, i) => count - 1 - i);
        const turned = dpoLoss(part(backwards), options);
        const alone = backwards.map((i) => dpoLoss(part([i]), options));
        const scale = Math.max(1, Math.abs(whole.loss));
        assert.ok(Math.abs(turned.loss - whole.loss) < 1e-7 * scale, `${turned.loss}, not ${whole.loss}`);
        assert.ok(Math.abs(total(alone.map(({ loss }) => loss)) - whole.loss) < 1e-7 * scale);
        const gradients = whole.gradients.chosen.toReversed().flat();
        assertClose(turned.gradients.chosen.flat(), gradients, "gradients turned round", 1e-7);
        assertClose(alone.flatMap(({ gradients }) => gradients.chosen.flat()), gradients, "gradients alone", 1e-7);
      }),
      { numRuns: 20 },
    );
  });
}

Deno.test("dpoLoss() is ln 2 with rewards of 0 where policy and reference are the same", () => {
  const chosenLogProbs = [[-1, -2.5], [-0.25]];
  const rejectedLogProbs = [[-3], [-1.5, -0.5, -0.125]];
  const same = {
    ...{ chosenLogProbs, rejectedLogProbs },
    referenceChosenLogps: chosenLogProbs.map(total),
    referenceRejectedLogps: rejectedLogProbs.map(total),
  };
  const { loss, metrics } = dpoLoss(same);
  assert.ok(Math.abs(loss - Math.LN2) < 1e-12, `${loss}`);
  for (const key of ["rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies"]) {
    assert.equal(metrics[key], 0, key);
  }
  assert.equal(metrics["logps/chosen"], (-3.5 - 0.25) / 2);
  const smoothed = dpoLoss(same, { labelSmoothing: 0.25 });
  assert.ok(Math.abs(smoothed.loss - Math.LN2) < 1e-7);
  assert.ok(Math.abs(smoothed.gradients.chosen[0][0]) < Math.abs(dpoLoss(same).gradients.chosen[0][0]));
});

Deno.test('dpoLoss() with rpoAlpha is the weighted sum of its loss and "sft"', () => {
  fc.assert(
    fc.property(batch, (inputs) => {
      const rpo = dpoLoss(inputs, { rpoAlpha: 0.5 });
      const sum = dpoLoss(inputs, { lossType: ["sigmoid", "sft"], lossWeights: [1, 0.5] });
      assert.deepEqual(rpo, sum);
      const nll = -total(inputs.chosenLogProbs.flat()) / inputs.chosenLogProbs.flat().length;
      assert.ok(Math.abs(rpo.loss - dpoLoss(inputs).loss - nll / 2) < 1e-6 * Math.max(1, nll));
    }),
    { numRuns: 20 },
  );
});

Deno.test("dpoLoss() stays finite for completions that are certain and for margins without end", () => {
  const inputs = {
    chosenLogProbs: [[0, 0], [-800]],
    rejectedLogProbs: [[-900], [0]],
    promptLogProbs: [[-1], [-1]],
    referenceChosenLogps: [0, -1],
    referenceRejectedLogps: [-1, -1],
  };
  for (const lossType of ALL.filter((type) => type !== "discopop")) {
    const { loss, gradients } = dpoLoss(inputs, { ...optionsOf(lossType), beta: 1 });
    assert.ok(Number.isFinite(loss), `${lossType}: loss ${loss}`);
    const all = [...gradients.chosen, ...gradients.rejected].flat();
    assert.ok(all.every(Number.isFinite), `${lossType}: gradients ${all}`);
  }
});

Deno.test("dpoLoss() refuses options that are unknown, out of range or do not go together, and names them", () => {
  const inputs = {
    chosenLogProbs: [[-1]],
    rejectedLogProbs: [[-1]],
    referenceChosenLogps: [-1],
    referenceRejectedLogps: [-1],
  };
  const wrong: [DpoLossOptions, RegExp][] = [
    [{ lossType: "kto" as DpoLossType }, /lossType "kto": expected one or several of sigmoid/],
    [{ lossType: [] }, /lossType/],
    [{ lossType: ["sigmoid", "sigmoid"] }, /each may be there once/],
    [{ lossType: ["sigmoid", "sft"], lossWeights: [1] }, /lossWeights: expected 2/],
    [{ lossWeights: [-1] }, /lossWeights\[0\]/],
    [{ lossType: ["simpo", "sigmoid"] }, /simpo has no reference/],
    [{ beta: 0 }, /beta: expected a number above 0/],
    [{ beta: NaN }, /beta/],
    [{ lossType: "robust", labelSmoothing: 0.5 }, /labelSmoothing: expected a number from 0 to below 0.5/],
    [{ lossType: "hinge", labelSmoothing: 0.1 }, /labelSmoothing goes with sigmoid/],
    [{ lossType: "exo_pair" }, /exo_pair needs one above 0/],
    [{ lossType: "apo_zero", fDivergenceType: "forward_kl" }, /apo_zero does not depend/],
    [{ fDivergenceType: "kl" as "forward_kl" }, /fDivergenceType "kl"/],
    [{ rpoAlpha: -1 }, /rpoAlpha/],
  ];
  for (const [options, message] of wrong) assert.throws(() => dpoLoss(inputs, options), message);
});

Deno.test("dpoLoss() refuses inputs that do not fit, and says which", () => {
  const inputs = { chosenLogProbs: [[-1]], rejectedLogProbs: [[-1]] };
  assert.throws(() => dpoLoss(inputs), /needs the reference's log-probabilities/);
  assert.throws(() => dpoLoss(inputs, { lossType: "orpo" }), /promptLogProbs/);
  assert.throws(
    () => dpoLoss({ ...inputs, rejectedLogProbs: [] }, { lossType: "simpo" }),
    /rejectedLogProbs: expected 1/,
  );
  assert.throws(() => dpoLoss({ chosenLogProbs: [[]], rejectedLogProbs: [[-1]] }, { lossType: "simpo" }), /pair 0/);
  assert.throws(() => dpoLoss({ chosenLogProbs: [], rejectedLogProbs: [] }), /without a pair/);
  for (const lossType of REFERENCE_FREE) dpoLoss({ ...inputs, promptLogProbs: [[-1]] }, { lossType });
});
