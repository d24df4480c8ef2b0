import assert from "node:assert/strict";
import { createLora, loadAdapter } from "../../lib/adapters/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import {
  completionEpisodes,
  createCritic,
  DivergenceError,
  type Episode,
  localSampler,
  type Metrics,
  ppo,
  type PpoOptions,
} from "../../lib/train/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";
import { recordError } from "../support/measured_error.ts";
import { roundedModel } from "../support/rounded_model.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { FarEngine } from "../support/far_engine.ts";
import { collect, EOS, idTokenizer, numbersOf, TINY_MODEL, withEngine, withTinyModel } from "../support/tiny_model.ts";
import { COMMON, drawnCritic, goldenCritic, randomEpisodes, train } from "./ppo_runs.ts";

interface GoldenRun {
  adapter: string;
  critic: { r: number; loraAlpha: number; factors: string };
  options: Partial<PpoOptions>;
  rounds: { prompts: number[][]; responses: number[][]; scores: number[]; metrics: Metrics }[];
  gradientNorms: { policy: number; critic: number }[];
  updateNorms: Record<string, number>;
}

/** The factor that a golden array is about, of the policy or of the critic. */
function ownName(key: string): { part: "policy" | "critic"; name: string } {
  const [part, ...rest] = key.split(".base_model.model.");
  return { part: part as "policy" | "critic", name: rest[0].replace(/\.weight$/, "") };
}

for (const name of ["plain", "whitened"]) {
  Deno.test(`ppo() equals TRL's PPOv2Trainer over two rounds of four updates (${name})`, () =>
    withTinyModel(async (model) => {
      const run = await goldenJson<GoldenRun>(`ppo/training.${name}.json`);
      const expected = await goldenTensors(`ppo/training.${name}.weights.safetensors`);
      const adapter = await loadAdapter(model, GOLDEN + run.adapter);
      const critic = await goldenCritic(model, run.critic);
      const parts = { policy: adapter.factors, critic: critic.factors };
      const before = { policy: await numbersOf(model, parts.policy), critic: await numbersOf(model, parts.critic) };
      const rollout = (round: number) => {
        const { prompts, responses, scores } = run.rounds[round];
        return Promise.resolve(responses.map((response, i): Episode => ({
          ids: [...prompts[i], ...response],
          lossMask: [...prompts[i].map(() => false), ...response.map(() => true)],
          score: scores[i],
        })));
      };
      const steps = await collect(ppo({ ...run.options, model, adapter, critic, rollout, shuffle: false }));
      assert.equal(steps.length, run.gradientNorms.length);
      const perRound = steps.length / run.rounds.length;
      run.rounds.forEach(({ metrics }, round) => {
        const updates = steps.slice(round * perRound, (round + 1) * perRound);
        const means = (key: string) => updates.reduce((sum, step) => sum + step.metrics[key], 0) / perRound;
        for (const [key, value] of Object.entries(metrics)) {
          if (key === "lr" || key === "val/ratio_var") continue;
          // The divergence of the first round is 0, and a mean of whitened advantages nearly so.
          const isSmall = key === "loss/policy_avg" || key.includes("kl") || key.includes("score");
          const error = Math.abs(means(key) - value) / (isSmall ? 1 : Math.max(Math.abs(value), 1e-9));
          if (!isSmall) recordError("close", `round ${round}: ${key}`, error);
          assert.ok(error <= 1e-5, `round ${round}: ${key} ${means(key)}, TRL ${value}`);
        }
      });
      run.gradientNorms.forEach((norms, i) => {
        assertClose([steps[i].metrics.grad_norm], [norms.policy], `policy's gradient norm ${i}`);
        assertClose([steps[i].metrics["val/grad_norm"]], [norms.critic], `critic's gradient norm ${i}`);
      });
      for (const [key, values] of expected) {
        const { part, name } = ownName(key);
        assertClose(await model.engine.read(parts[part].get(name)!) as Float32Array, values, key);
      }
      for (const [key, norm] of Object.entries(run.updateNorms)) {
        const { part, name } = ownName(key);
        const now = await model.engine.read(parts[part].get(name)!) as Float32Array;
        const change = Math.hypot(...now.map((value, i) => value - before[part].get(name)![i]));
        assertClose([change], [norm], `change of ${key}`);
      }
    }));
}

function assertSameCurve(actual: Metrics[], expected: Metrics[], what: string): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((metrics, i) => {
    for (const [name, value] of Object.entries(metrics)) {
      const difference = Math.abs(actual[i][name] - value);
      const allowed = 2e-5 * Math.max(1, Math.abs(value));
      assert.ok(difference <= allowed, `${what}, update ${i + 1}: ${name} ${actual[i][name]}, not ${value}`);
    }
  });
}

Deno.test("ppo() has the same curve whatever the micro-batches, the padding and, in one minibatch, the order", () =>
  withTinyModel(async (model) => {
    const { curve } = await train(model);
    assertSameCurve((await train(model, { perDeviceTrainBatchSize: 1 })).curve, curve, "one by one, without padding");
    assertSameCurve((await train(model, { perDeviceTrainBatchSize: 7, padTokenId: 50 })).curve, curve, "all at once");
    const single = await train(model, { numMiniBatches: 1, shuffle: false });
    const reversed = await train(model, {
      numMiniBatches: 1,
      shuffle: false,
      rollout: (round) => Promise.resolve(randomEpisodes(7, round).reverse()),
    });
    assertSameCurve(reversed.curve, single.curve, "the other way round");
    assertSameCurve((await train(model, { numMiniBatches: 1 })).curve, single.curve, "shuffled");
  }));

Deno.test("ppo() has the same curve on a device whose memory is out of reach, with residuals kept and without", () =>
  withEngine(async (engine) => {
    const near = await loadModel(TINY_MODEL, { engine });
    const { curve } = await train(near);
    for (const gradientCheckpointing of [true, false]) {
      const far = await loadModel(TINY_MODEL, { engine: new FarEngine(engine) });
      const run = await train(far, { gradientCheckpointing });
      assertSameCurve(run.curve, curve, `gradientCheckpointing ${gradientCheckpointing}`);
      assert.equal(run.notes.some((note) => /3 of 3 layers/.test(note)), !gradientCheckpointing, `${run.notes}`);
      await far.dispose();
    }
    await near.dispose();
  }));

Deno.test("ppo() trains on a base of four bits as on the numbers that they stand for, and frees all it made", () =>
  withEngine(async (engine) => {
    const precision = { weights: "4bit" } as const;
    const curves: Metrics[][] = [];
    const load = [
      () => roundedModel(TINY_MODEL, engine, precision),
      () => loadModel(TINY_MODEL, { engine, precision }),
    ];
    for (const make of load) {
      const model = await make();
      const adapter = await createLora(model, new Random(1), { r: 2 });
      const critic = await drawnCritic(model);
      curves.push((await train(model, { adapter, critic })).curve);
      for (const { factors } of [adapter, critic]) factors.forEach((factor) => factor.dispose());
      await model.dispose();
      assert.equal(engine.bytesInUse, 0);
    }
    for (const name of ["objective/entropy", "loss/value_avg", "val/ratio", "grad_norm", "val/grad_norm"]) {
      assertClose(curves[1].map((metrics) => metrics[name]), curves[0].map((metrics) => metrics[name]), name, 1e-3);
    }
  }));

Deno.test("ppo() never learns from what the policy did not write", () =>
  withTinyModel(async (model) => {
    // What comes after the policy's last token is seen by none of its tokens: nothing at all may depend on it.
    const withTail = (word: number) => (round: number) =>
      Promise.resolve(
        randomEpisodes(7, round).map((episode): Episode => ({
          ...episode,
          ids: [...episode.ids, word, word + 1],
          lossMask: [...episode.lossMask, false, false],
          tokenRewards: [...episode.tokenRewards!, 0, 0],
        })),
      );
    const [first, second] = [
      await train(model, { rollout: withTail(10) }),
      await train(model, { rollout: withTail(70) }),
    ];
    assert.deepEqual(second.curve, first.curve);
    assertSameNumbers(second.actor, first.actor, "policy");
    assertSameNumbers(second.critic, first.critic, "critic");
    // And what was read in between is not counted: these numbers are means and sums over the policy's tokens alone.
    const [episode] = randomEpisodes(1, 0);
    const { curve: [metrics] } = await train(model, { rollout: () => Promise.resolve([episode]), numMiniBatches: 1 });
    const at = episode.lossMask.flatMap((isPolicy, token) => isPolicy ? [token] : []);
    const tokens = episode.ids.length;
    const pass = await model.forward({
      batch: 1,
      tokens,
      ids: BigInt64Array.from(episode.ids, BigInt),
      positions: BigInt64Array.from(episode.ids, (_, i) => BigInt(i)),
      documents: new Int32Array(tokens),
    });
    const wanted = { rows: at.map((token) => token - 1), targets: at.map((token) => episode.ids[token]) };
    const { logProbs, entropies } = await model.logProbs(pass, wanted);
    const total = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);
    assertClose([metrics["objective/entropy"]], [-total(logProbs)], "objective/entropy");
    assertClose([metrics["policy/entropy_avg"]], [total(entropies) / at.length], "policy/entropy_avg");
    assertClose([metrics["objective/scores"]], [episode.score! + 0.25], "objective/scores");
    assert.equal(metrics.steps, 2);
    assert.equal(metrics.num_tokens, episode.ids.length);
  }));

Deno.test("ppo() teaches policy and critic apart, and leaves the base alone", () =>
  withTinyModel(async (model) => {
    const base = await numbersOf(model, model.weights);
    const first = await train(model, { lrSchedulerType: "constant" });
    const other = await train(model, {
      lrSchedulerType: "constant",
      vfCoef: 0.7,
      criticLearningRate: 1e-2,
      cliprangeValue: 0.05,
      numTotalBatches: 1,
    });
    assertSameNumbers(await numbersOf(model, model.weights), base, "base");
    const policyOnly = ({ "loss/policy_avg": loss, "val/ratio": ratio, grad_norm }: Metrics) => ({
      loss,
      ratio,
      grad_norm,
    });
    assert.deepEqual(other.curve.map(policyOnly), first.curve.slice(0, 4).map(policyOnly));
    const { curve } = await train(model, {
      learningRate: 0,
      criticLearningRate: 2e-2,
      rollout: () => Promise.resolve(randomEpisodes(7, 0)),
      numTotalBatches: 6,
      lrSchedulerType: "constant",
      lam: 1,
      cliprangeValue: 10,
    });
    const values = curve.map((metrics) => metrics["loss/value_avg"]);
    assert.ok(values.at(-1)! < values[0] / 3, `the value loss went from ${values[0]} to ${values.at(-1)}`);
    assert.ok(curve.every((metrics) => Math.abs(metrics["val/ratio"] - 1) < 1e-5), "a policy that does not learn");
    // The critic's rate warms up too: the first update's is 0.
    const warming = { lrSchedulerType: "constant_with_warmup", warmupSteps: 1, maxSteps: 1 } as const;
    const untrained = await numbersOf(model, (await drawnCritic(model)).factors);
    assertSameNumbers((await train(model, { ...warming, criticLearningRate: 1 })).critic, untrained, "warming up");
  }));

Deno.test("ppo() raises the scores of what a sampler writes", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 4 });
    const critic = await createCritic(model, new Random(2), { r: 4 });
    const { sample, dispose } = localSampler({ model, adapter, maxCompletionLength: 5, seed: 7 });
    const rollout = completionEpisodes({
      trainDataset: ["5 9", "30 31 32", "77", "60 8"].map((prompt) => ({ prompt })),
      rewards: { even: ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id % 2 === 0).length / 5) },
      ...{ tokenizer: idTokenizer, sampler: sample, promptsPerRound: 4, numGenerations: 8 },
    });
    const steps = await collect(ppo({
      ...{ model, adapter, critic, rollout, numTotalBatches: 8, numPpoEpochs: 2, perDeviceTrainBatchSize: 32 },
      ...{ learningRate: 1e-2, klCoef: 0.01, lrSchedulerType: "constant" as const },
    }));
    await dispose();
    const scores = steps.filter((_, i) => i % 2 === 0).map(({ metrics }) => metrics["objective/scores"]);
    assert.ok(scores.at(-1)! > scores[0] + 0.15, `scores: ${scores.map((score) => score.toFixed(3))}`);
    assert.deepEqual(scores, steps.filter((_, i) => i % 2 === 0).map(({ metrics }) => metrics["rewards/even/mean"]));
    assert.ok(steps.at(-1)!.metrics["objective/kl"] > 0.05, "it has gone away from the reference");
    assert.equal(typeof steps[0].episodes[0].completion, "string");
  }));

Deno.test("ppo() adapts the KL coefficient from round to round", () =>
  withTinyModel(async (model) => {
    const options = { adapKlCtrl: true, horizon: 20, learningRate: 2e-2, numTotalBatches: 4 };
    for (const [target, direction] of [[1e-3, 1], [1e6, -1]]) {
      const { curve } = await train(model, { ...options, target });
      const coefficients = curve.filter((_, i) => i % 4 === 0).map((metrics) => metrics["objective/kl_coef"]);
      assert.equal(coefficients[0], 0.2);
      // The first round's policy is the reference, which is below any target.
      assert.ok(coefficients[1] < 0.2);
      assert.equal(Math.sign(coefficients[3] - coefficients[2]), direction, `${target}: ${coefficients}`);
    }
  }));

Deno.test("ppo() leaves out and counts the episodes that have no score", () =>
  withTinyModel(async (model) => {
    const unjudged = { ...randomEpisodes(1, "other")[0], score: null };
    const { curve } = await train(model);
    const some = await train(model, {
      rollout: (round) => Promise.resolve([unjudged, ...randomEpisodes(7, round), unjudged]),
    });
    const without = (metrics: Metrics) => ({ ...metrics, "episodes/left_out": 0 });
    assert.deepEqual(some.curve.map(without), curve);
    assert.ok(some.curve.every((metrics) => metrics["episodes/left_out"] === 2));
    await assert.rejects(
      train(model, { rollout: () => Promise.resolve([unjudged]) }),
      /round 0: 0 episodes with a score \(1 have none\): expected at least 2/,
    );
  }));

Deno.test("ppo() names the round and the episode that cannot be learned from", () =>
  withTinyModel(async (model) => {
    const [episode] = randomEpisodes(1, 0);
    const bad: [Partial<Episode>, RegExp][] = [
      [{ lossMask: episode.lossMask.map(() => false) }, /round 0, row 1: every token is masked/],
      [{ score: NaN }, /round 0, row 1: the score is NaN: expected a number, or null/],
      [{ tokenRewards: [1] }, /round 0, row 1: \d+ ids but 1 tokenRewards/],
      [
        { tokenRewards: episode.ids.map((_, i) => i === 0 ? 1 : 0) },
        /a reward of 1 at token 0, which the policy did not write/,
      ],
      [{ ids: episode.ids.map(() => 96) }, /token id 96 is outside the model's vocabulary of 96/],
      [{ metrics: { steps: Infinity } }, /metric steps is Infinity/],
    ];
    for (const [change, message] of bad) {
      await assert.rejects(
        train(model, { rollout: () => Promise.resolve([episode, { ...episode, ...change }]) }),
        message,
      );
    }
  }));

Deno.test("ppo() refuses options that make no sense, before it asks for an episode", () =>
  withTinyModel(async (model) => {
    const rollout = () => Promise.reject(new Error("asked for episodes"));
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const bad: [Partial<PpoOptions>, RegExp][] = [
      [{ numTotalBatches: undefined }, /numTotalBatches: expected the number of rounds, or maxSteps/],
      [{ numPpoEpochs: 0 }, /numPpoEpochs: expected a positive integer/],
      [{ gamma: 1.1 }, /gamma: expected a number from 0 to 1, got 1.1/],
      [{ cliprange: -1 }, /cliprange: expected a number from 0, got -1/],
      [{ target: 0 }, /target: expected a number above 0/],
      [{ klEstimator: "k2" as "k1" }, /klEstimator: expected k1 or k3, got "k2"/],
      [{ rewardClipRange: [1, 5] }, /rewardClipRange: expected \[lowest, highest\] with 0 between them, got \[1,5\]/],
      [{ rewardClipRange: [5, -5] }, /rewardClipRange: .* got \[5,-5\]/],
      [{ rewardClipRange: 10 as unknown as [number, number] }, /rewardClipRange: .* got 10/],
      [{ temperature: 0 }, /temperature: expected a number above 0, got 0/],
      [{ critic: adapter }, /critic: expected factors with a value head "score" of \[1, 32\], got none; createCritic/],
    ];
    for (const [options, message] of bad) await assert.rejects(train(model, { rollout, ...options }), message);
    const critic = await drawnCritic(model);
    await assert.rejects(train(model, { rollout, adapter: critic, critic }), /critic: expected one of its own/);
  }));

Deno.test("ppo() stops a run that has diverged before it changes a weight", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const critic = await drawnCritic(model);
    const options = { ...COMMON, model, adapter, critic, rollout: () => Promise.resolve(randomEpisodes(4, 0)) };
    const run = ppo({ ...options, criticLearningRate: 1e30, lrSchedulerType: "constant" as const });
    await run.next();
    const factors = await numbersOf(model, adapter.factors);
    const values = await numbersOf(model, critic.factors);
    await assert.rejects(run.next(), (error) => {
      assert.ok(error instanceof DivergenceError);
      assert.match(error.message, /step 2: the loss is (NaN|Infinity) on the episodes of round 0/);
      return true;
    });
    assertSameNumbers(await numbersOf(model, adapter.factors), factors, "policy");
    assertSameNumbers(await numbersOf(model, critic.factors), values, "critic");
  }));

Deno.test("ppo() takes an episode for ended by its last token, or as it says", () =>
  withTinyModel(async (model) => {
    const episode: Episode = { ids: [5, 6, EOS], lossMask: [false, true, true], score: 1 };
    const scoreOf = async (given: Episode) => {
      const { curve } = await train(model, { rollout: () => Promise.resolve([given, given]), missingEosPenalty: 0.5 });
      return curve[0]["objective/scores"];
    };
    assert.equal(await scoreOf(episode), 1);
    assert.equal(await scoreOf({ ...episode, ids: [5, 6, 7] }), 0.5);
    assert.equal(await scoreOf({ ...episode, ids: [5, 6, 7], terminated: true }), 1);
  }));
