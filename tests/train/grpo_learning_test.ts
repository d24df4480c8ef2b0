import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { type CausalLM, loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import {
  collate,
  evaluatePolicy,
  grpo,
  type GrpoOptions,
  type GrpoStep,
  localSampler,
  type RewardFunction,
  type SampledCompletion,
  type Sampler,
} from "../../lib/train/mod.ts";
import { assertClose } from "../support/golden.ts";
import { collect, EOS, idTokenizer, numbersOf, TINY_MODEL, withTinyModel } from "../support/tiny_model.ts";

type NoColumns = Record<never, never>;
type Options = GrpoOptions<NoColumns>;

/** The share of a completion that is one of some 8 tokens: a random model writes a twelfth of them. */
const liked: RewardFunction = ({ completionIds }) =>
  completionIds.map((ids) => ids.filter((id) => id >= 40 && id < 48).length / ids.length);

const trainDataset = ["5 6 7", "8 9", "10 11 12 13", "14"].map((prompt) => ({ prompt }));

/** Completions of 1 to 6 random tokens, the same for the same round. */
const fixed: Sampler = ({ prompts, samples, round }) => {
  const random = new Random(`completions ${round}`);
  return Promise.resolve(
    Array.from({ length: prompts.length * samples }, (): SampledCompletion => {
      const tokenIds = Array.from({ length: random.integer(1, 6) }, () => random.integer(2, 95));
      const terminated = random.chance(0.5);
      return { tokenIds: terminated ? [...tokenIds, EOS] : tokenIds, terminated };
    }),
  );
};

const common = {
  tokenizer: idTokenizer,
  trainDataset,
  rewards: { liked },
  numGenerations: 8,
  maxCompletionLength: 6,
  lrSchedulerType: "constant",
} as const;

for (const how of ["an adapter", "all weights"] as const) {
  Deno.test(`grpo() teaches a tiny model to write what is rewarded (${how})`, () =>
    withTinyModel(async (model) => {
      const adapter = how === "an adapter"
        ? await createLora(model, new Random("lora"), { r: 8, loraAlpha: 16 })
        : undefined;
      const sampler = localSampler({ model, adapter, maxCompletionLength: 6, seed: 5 });
      const accuracy = async () => {
        const rows = { rows: trainDataset, samples: 16, tokenizer: idTokenizer, rewards: { liked } };
        return (await evaluatePolicy<NoColumns>({ ...rows, sampler: sampler.sample })).metrics.reward;
      };
      const before = await accuracy();
      const base = await numbersOf(model, model.weights);
      const steps = await collect(grpo<NoColumns>({
        ...common,
        model,
        adapter,
        sampler: sampler.sample,
        perDeviceTrainBatchSize: 32,
        learningRate: adapter ? 2e-2 : 5e-3,
        gradientCheckpointing: false,
        maxSteps: 30,
        seed: 5,
      }));
      const after = await accuracy();
      await sampler.dispose();
      assert.ok(before < 0.2, `${before} before`);
      assert.ok(after > 0.8, `${after} after, ${before} before`);
      const rewardOf = (part: GrpoStep[]) => part.reduce((sum, { metrics }) => sum + metrics.reward, 0) / part.length;
      assert.ok(rewardOf(steps.slice(-5)) > rewardOf(steps.slice(0, 5)) + 0.5);
      if (adapter) assert.deepEqual(await numbersOf(model, model.weights), base, "the base weights stay");
    }));
}

/** Runs grpo() on the tiny model with completions that are given. */
async function train(options: Partial<Options>): Promise<{ steps: GrpoStep[]; weights: Map<string, Float32Array> }> {
  let [steps, weights]: [GrpoStep[], Map<string, Float32Array>] = [[], new Map()];
  await withTinyModel(async (model) => {
    const all = { ...common, model, sampler: fixed, perDeviceTrainBatchSize: 8, learningRate: 1e-3, maxSteps: 3 };
    steps = await collect(grpo<NoColumns>({ ...all, ...options }));
    weights = await numbersOf(model, model.weights);
  });
  return { steps, weights };
}

Deno.test("grpo() learns the same from 8 completions and 2 x 4, by the tokens of both", async () => {
  const whole = await train({ perDeviceTrainBatchSize: 8 });
  const parts = await train({ perDeviceTrainBatchSize: 4, gradientAccumulationSteps: 2 });
  parts.steps.forEach(({ metrics, rollouts }, step) => {
    const lengths = rollouts.map(({ completionIds }) => completionIds.length);
    assert.notEqual(lengths.slice(0, 4).reduce((a, b) => a + b), lengths.slice(4).reduce((a, b) => a + b));
    for (const name of ["grad_norm", "reward", "num_tokens"]) {
      assertClose([metrics[name]], [whole.steps[step].metrics[name]], `${name} of step ${step + 1}`);
    }
    // On-policy the loss is the mean advantage over tokens: a small difference of large terms.
    assert.ok(Math.abs(metrics.loss - whole.steps[step].metrics.loss) < 1e-6);
  });
  for (const [name, values] of whole.weights) assertClose(parts.weights.get(name)!, values, name);
});

Deno.test("grpo() learns the same whether it recomputes blocks or keeps their residuals", async () => {
  const recomputed = await train({ gradientCheckpointing: true, beta: 0.1 });
  const kept = await train({ gradientCheckpointing: false, beta: 0.1 });
  for (const [name, values] of recomputed.weights) assertClose(kept.weights.get(name)!, values, name);
});

Deno.test("grpo() with one seed gives the same metrics twice, and others with another", () =>
  withTinyModel(async (model) => {
    const run = async (seed: number) => {
      const own = await loadModel(TINY_MODEL, { engine: model.engine });
      const sampler = localSampler({ model: own, maxCompletionLength: 6, seed });
      const steps = await collect(grpo<NoColumns>({
        ...common,
        model: own,
        sampler: sampler.sample,
        perDeviceTrainBatchSize: 16,
        learningRate: 5e-3,
        maxSteps: 4,
        seed,
      }));
      await sampler.dispose();
      await own.dispose();
      return steps.map(({ metrics: { step_time: _time, ...metrics } }) => metrics);
    };
    const first = await run(1);
    assert.deepEqual(await run(1), first);
    assert.notDeepEqual(await run(2), first);
  }));

Deno.test("grpo() stops between steps when aborted, frees all but the weights, and keeps what it learned", () =>
  withTinyModel(async (model) => {
    const options = { ...common, model, sampler: fixed, perDeviceTrainBatchSize: 8, learningRate: 1e-3, beta: 0.1 };
    await collect(grpo<NoColumns>({ ...options, maxSteps: 1 }));
    const [bytes, before] = [model.engine.bytesInUse, await numbersOf(model, model.weights)];
    const abort = new AbortController();
    const seen: number[] = [];
    await assert.rejects(async () => {
      for await (const { step } of grpo<NoColumns>({ ...options, maxSteps: 9, signal: abort.signal })) {
        seen.push(step);
        if (step === 2) abort.abort(new Error("enough"));
      }
    }, /enough/);
    assert.deepEqual(seen, [1, 2]);
    assert.equal(model.engine.bytesInUse, bytes);
    assert.notDeepEqual(await numbersOf(model, model.weights), before);
  }));

/** TRL's KL estimate of completions: mean over tokens of exp(ref - lp) - (ref - lp) - 1. */
async function klOf(policy: CausalLM, reference: CausalLM, { rollouts }: GrpoStep): Promise<number> {
  const { tokens, wanted } = collate(
    rollouts.map(({ promptIds, completionIds }) => ({
      ids: [...promptIds, ...completionIds],
      lossMask: [...promptIds.map(() => false), ...completionIds.map(() => true)],
    })),
    0,
  );
  const score = async (model: CausalLM) => (await model.logProbs(await model.forward(tokens), wanted)).logProbs;
  const [logProbs, fixedLogProbs] = [await score(policy), await score(reference)];
  const terms = Array.from(logProbs, (logProb, i) => {
    const difference = fixedLogProbs[i] - logProb;
    return Math.exp(difference) - difference - 1;
  });
  return terms.reduce((a, b) => a + b) / terms.length;
}

Deno.test("grpo() that trains all weights measures the KL from the first model, which stays as it was", () =>
  withTinyModel(async (model) => {
    const first = await loadModel(TINY_MODEL, { engine: model.engine });
    // Every step has the same completions, so that what a step will report can be computed before it is taken.
    const sampler: Sampler = (request) => fixed({ ...request, round: 0 });
    const run = grpo<NoColumns>({
      ...common,
      trainDataset: trainDataset.slice(0, 1),
      model,
      sampler,
      perDeviceTrainBatchSize: 8,
      learningRate: 1e-2,
      beta: 0.05,
      maxSteps: 4,
    });
    let expected = 0;
    for await (const step of run) {
      const { kl } = step.metrics;
      assert.ok(
        Math.abs(kl - expected) <= 1e-4 * Math.max(expected, 1e-3),
        `step ${step.step}: ${kl}, not ${expected}`,
      );
      expected = await klOf(model, first, step);
    }
    assert.ok(expected > 0.01, `the policy moved away: ${expected}`);
  }));

Deno.test("grpo() divides by the tokens of all rollouts, shared evenly among the steps of a pass, as TRL does", async () => {
  const rewards = { length: (({ completionIds }) => completionIds.map((ids) => ids.length ** 2)) as RewardFunction };
  const sizes = { perDeviceTrainBatchSize: 4, numGenerations: 4, stepsPerGeneration: 2 };
  // With a learning rate of 0 the ratio stays 1, and the loss is minus the mean advantage over tokens.
  const { steps } = await train({ ...sizes, rewards, learningRate: 0, maxSteps: 2 });
  const { rollouts } = steps[0];
  assert.equal(steps[1].rollouts, rollouts);
  const tokens = [0, 4].map((start) =>
    rollouts.slice(start, start + 4).reduce((sum, { completionIds }) => sum + completionIds.length, 0)
  );
  assert.notEqual(tokens[0], tokens[1]);
  for (const [step, { metrics }] of steps.entries()) {
    const own = rollouts.slice(4 * step, 4 * step + 4);
    const sum = own.reduce((total, { advantage, completionIds }) => total - advantage * completionIds.length, 0);
    assertClose([metrics.loss], [sum / ((tokens[0] + tokens[1]) / 2)], `loss of step ${step + 1}`);
  }
});

Deno.test("grpo() takes completions without tokens, and batches in which all are masked", async () => {
  const cutOff: Sampler = async (request) =>
    (await fixed(request)).map(({ tokenIds }, i) => ({ tokenIds: i % 3 === 0 ? [] : tokenIds, terminated: false }));
  for (const maskTruncatedCompletions of [true, false]) {
    const { steps, weights } = await train({
      sampler: cutOff,
      maskTruncatedCompletions,
      rewards: {
        length: ({ completionIds }) => completionIds.map((ids) => ids.length),
      },
    });
    for (const { metrics } of steps) {
      for (const [name, value] of Object.entries(metrics)) assert.ok(Number.isFinite(value), `${name} is ${value}`);
      assert.equal(metrics["completions/clipped_ratio"], 1);
      assert.equal(metrics.grad_norm === 0, maskTruncatedCompletions);
    }
    assert.ok([...weights.values()].every((values) => values.every(Number.isFinite)));
  }
});

Deno.test("grpo() learns from a prompt and a completion of one token each", async () => {
  const sampler: Sampler = ({ samples }) =>
    Promise.resolve(Array.from({ length: samples }, (_, i) => ({ tokenIds: [38 + i], terminated: false })));
  const { steps } = await train({ sampler, trainDataset: [{ prompt: "14" }] });
  for (const { metrics } of steps) assert.ok(metrics.grad_norm > 0);
});

Deno.test("grpo() evaluates when it is told to, and at the end", async () => {
  let calls = 0;
  const { steps } = await train({ maxSteps: 5, evalSteps: 2, evaluate: () => Promise.resolve({ accuracy: ++calls }) });
  assert.deepEqual(steps.map(({ metrics }) => metrics.eval_accuracy), [undefined, 1, undefined, 2, 3]);
});

Deno.test("grpo() names the option that does not fit, before anything is sampled", () =>
  withTinyModel(async (model) => {
    const sampler: Sampler = () => assert.fail("sampled");
    const cases: [Partial<Options>, RegExp][] = [
      [{ numGenerations: 1 }, /numGenerations: expected at least 2, got 1/],
      [{ perDeviceTrainBatchSize: 6 }, /is 6 completions: expected a multiple of numGenerations \(8\)/],
      [
        { gradientAccumulationSteps: 2, stepsPerGeneration: 3 },
        /stepsPerGeneration 3: expected a multiple of gradientAccumulationSteps \(2\)/,
      ],
      [{ perDeviceTrainBatchSize: 64 }, /trainDataset has 4 rows, fewer than the 8 prompts of a batch/],
      [{ temperature: 0 }, /temperature: expected a number above 0, got 0/],
      [{ maxCompletionLength: 0 }, /maxCompletionLength: .* got 0/],
      [{ maxSteps: 1.5 }, /maxSteps: .* got 1.5/],
      [{ lossType: "dappo" as "dapo" }, /lossType "dappo": expected one of grpo, bnpo/],
      [{ importanceSamplingLevel: "row" as "token" }, /importanceSamplingLevel "row": expected token or sequence/],
      [{ epsilon: -1 }, /epsilon: .* got -1/],
      [{ beta: NaN }, /beta: .* got NaN/],
      [{ rewards: {} }, /needs at least one reward function/],
      [{ rewardWeights: { likd: 1 } }, /a weight is given for "likd", but the rewards are liked/],
      [{
        tokenizer: {
          ...idTokenizer,
          assertFits(vocabSize) {
            throw new Error(`100 tokens, not ${vocabSize}`);
          },
        },
      }, /100 tokens, not 96/],
    ];
    for (const [change, message] of cases) {
      const run = grpo<NoColumns>({ ...common, model, sampler, perDeviceTrainBatchSize: 8, ...change });
      await assert.rejects(collect(run), message);
    }
  }));

Deno.test("grpo() says which token of a sampler is not in the model's vocabulary", async () => {
  const foreign: Sampler = ({ samples }) =>
    Promise.resolve(Array.from({ length: samples }, () => ({ tokenIds: [5, 200], terminated: false })));
  await assert.rejects(train({ sampler: foreign }), /(id|target) 200 is outside the model's vocabulary of 96/);
});
