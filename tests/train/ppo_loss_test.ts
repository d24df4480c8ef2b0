import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AdvantageOptions,
  type Episode,
  klEstimate,
  nextKlCoef,
  policyLoss,
  type PpoLossOptions,
  roundTargets,
  valueLoss,
} from "../../lib/train/mod.ts";
import { assertClose, goldenJson } from "../support/golden.ts";

interface Golden {
  scores: number[];
  oldLogProbs: number[][];
  referenceLogProbs: number[][];
  logProbs: number[][];
  oldValues: number[][];
  values: number[][];
  cases: {
    name: string;
    options: Required<AdvantageOptions & PpoLossOptions> & { vfCoef: number };
    kl: number;
    advantages: number[][];
    returns: number[][];
    policyLoss: number;
    valueLoss: number;
    approxkl: number;
    clipfrac: number;
    valueClipfrac: number;
    byLogProbs: number[][];
    byValues: number[][];
  }[];
  controller: {
    klCoef: number;
    target: number;
    horizon: number;
    episodes: number;
    measured: number[];
    next: number[];
  };
}

const golden = await goldenJson<Golden>("ppo/losses.json");

/** Episodes of a prompt of one token and as many more as there are numbers. */
const episodes = golden.oldLogProbs.map((row, i): Episode => ({
  ids: [2, ...row.map(() => 3)],
  lossMask: [false, ...row.map(() => true)],
  score: golden.scores[i],
}));
const scores = golden.oldLogProbs.map((logProbs, i) => ({
  logProbs,
  referenceLogProbs: golden.referenceLogProbs[i],
  values: golden.oldValues[i],
}));

for (const { name, options, ...expected } of golden.cases) {
  Deno.test(`roundTargets(), policyLoss() and valueLoss() equal TRL's PPOTrainer (${name})`, () => {
    const { targets, metrics } = roundTargets(episodes, scores, options.klCoef, [], options);
    const close = (actual: number[], wanted: number[], what: string) => assertClose(actual, wanted, what, 1e-10);
    const [advantages, returns] = [targets.flatMap((row) => row.advantages), targets.flatMap((row) => row.returns)];
    close(advantages, expected.advantages.flat(), "advantages");
    close(returns, expected.returns.flat(), "returns");
    close([metrics["objective/kl"]], [expected.kl], "objective/kl");
    const policy = policyLoss({
      logProbs: golden.logProbs.flat(),
      oldLogProbs: golden.oldLogProbs.flat(),
      advantages,
    }, options);
    close([policy.loss], [expected.policyLoss], "policy loss");
    close(policy.gradients, expected.byLogProbs.flat(), "gradient by log-probabilities");
    close([policy.metrics["policy/approxkl_avg"]], [expected.approxkl], "approxkl");
    // TRL counts in float32.
    assertClose([policy.metrics["policy/clipfrac_avg"]], [expected.clipfrac], "clipfrac", 1e-6);
    const value = valueLoss({ values: golden.values.flat(), oldValues: golden.oldValues.flat(), returns }, options);
    close([value.loss], [expected.valueLoss], "value loss");
    close(value.gradients.map((gradient) => options.vfCoef * gradient), expected.byValues.flat(), "gradient by values");
    assertClose([value.metrics["val/clipfrac_avg"]], [expected.valueClipfrac], "value clipfrac", 1e-6);
    assert.ok(expected.clipfrac > 0 && expected.valueClipfrac > 0, "the case clips something");
  });
}

Deno.test("nextKlCoef() equals TRL's adaptive controller", () => {
  const { klCoef, measured, next, episodes, ...options } = golden.controller;
  let now = klCoef;
  const coefficients = measured.map((kl) => now = nextKlCoef(now, kl, episodes, { ...options, adapKlCtrl: true }));
  assertClose(coefficients, next, "coefficients", 1e-12);
});

Deno.test("nextKlCoef() grows where the policy went too far and shrinks where it did not, by a fifth of episodes / horizon at most", () => {
  const numbers = fc.tuple(
    fc.double({ min: 0.001, max: 1, noNaN: true }),
    fc.double({ min: -50, max: 50, noNaN: true }),
    fc.integer({ min: 1, max: 500 }),
  );
  fc.assert(fc.property(numbers, ([klCoef, kl, episodes]) => {
    const options = { adapKlCtrl: true, target: 6, horizon: 1000 };
    const next = nextKlCoef(klCoef, kl, episodes, options);
    assert.equal(Math.sign(next - klCoef), Math.sign(kl - 6));
    assert.ok(Math.abs(next / klCoef - 1) <= 0.2 * episodes / 1000 + 1e-12);
    assert.equal(nextKlCoef(klCoef, kl, episodes), klCoef);
  }));
});

Deno.test("klEstimate(): k3 is never negative, and both have the true divergence as their mean", () => {
  const probabilities = fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: 2, maxLength: 6 });
  const normal = (list: number[]) => list.map((value) => value / list.reduce((a, b) => a + b));
  fc.assert(fc.property(probabilities, probabilities, (first, second) => {
    const size = Math.min(first.length, second.length);
    const [policy, reference] = [normal(first.slice(0, size)), normal(second.slice(0, size))];
    const divergence = policy.reduce((sum, p, i) => sum + p * Math.log(p / reference[i]), 0);
    for (const estimator of ["k1", "k3"] as const) {
      const estimates = policy.map((p, i) => klEstimate(Math.log(p), Math.log(reference[i]), estimator));
      if (estimator === "k3") assert.ok(estimates.every((value) => value >= 0));
      const mean = estimates.reduce((sum, value, i) => sum + policy[i] * value, 0);
      assert.ok(Math.abs(mean - divergence) < 1e-9, `${estimator}: ${mean}, not ${divergence}`);
    }
  }));
});

const logProb = fc.double({ min: -5, max: -0.1, noNaN: true });
const tokens = fc.array(fc.tuple(logProb, logProb, fc.double({ min: -2, max: 2, noNaN: true })), {
  minLength: 1,
  maxLength: 12,
});

Deno.test("policyLoss() and valueLoss() of parts of an update add up to those of the whole", () => {
  fc.assert(fc.property(tokens, fc.nat(), (list, cut) => {
    const at = cut % list.length;
    const columns = (part: typeof list) => [0, 1, 2].map((column) => part.map((row) => row[column]));
    const losses = (part: typeof list) => {
      const [now, old, third] = columns(part);
      const tokensInStep = list.length;
      return [
        policyLoss({ logProbs: now, oldLogProbs: old, advantages: third, tokensInStep }),
        valueLoss({ values: now, oldValues: old, returns: third, tokensInStep }),
      ];
    };
    const [whole, first, second] = [list, list.slice(0, at), list.slice(at)]
      .map((part) => part.length === 0 ? null : losses(part));
    for (const kind of [0, 1]) {
      const parts = [first, second].filter((part) => part !== null).map((part) => part[kind]);
      assertClose([parts.reduce((sum, { loss }) => sum + loss, 0)], [whole![kind].loss], "loss", 1e-9);
      assert.deepEqual(parts.flatMap(({ gradients }) => gradients), whole![kind].gradients);
      for (const [name, value] of Object.entries(whole![kind].metrics)) {
        assertClose([parts.reduce((sum, { metrics }) => sum + metrics[name], 0)], [value], name, 1e-9);
      }
    }
  }));
});

Deno.test("policyLoss() pulls no further once a ratio has gone past its bound, but always back", () => {
  const gradient = (logRatio: number, advantage: number) =>
    policyLoss({ logProbs: [logRatio - 1], oldLogProbs: [-1], advantages: [advantage] }).gradients[0];
  assert.equal(gradient(0.5, 1), 0);
  assert.equal(gradient(-0.5, -1), 0);
  assert.ok(gradient(-0.5, 1) < 0, "a good token that has become unlikely is raised");
  assert.ok(gradient(0.5, -1) > 0, "a bad token that has become likely is lowered");
  assert.ok(Math.abs(gradient(0, 1) + 1) < 1e-12, "at first the gradient is that of the policy gradient");
});

Deno.test("roundTargets() puts the score at the last token of the policy, rewards at theirs, and takes the missing end off", () => {
  const episode: Episode = {
    ids: [5, 6, 7, 8, 9, 1, 4],
    lossMask: [false, true, false, false, true, true, false],
    score: 2,
    tokenRewards: [0, 0.5, 0, 0, 0, 0.25, 0],
  };
  const flat = { logProbs: [0, 0, 0], referenceLogProbs: [0, 0, 0], values: [0, 0, 0] };
  const options = { gamma: 1, lam: 0, missingEosPenalty: 1 };
  const received = (given: Episode) => roundTargets([given], [flat], 0.05, [1], options).targets[0].returns;
  assert.deepEqual(received(episode), [0.5, 0, 1.25], "its last token ends no text");
  assert.deepEqual(received({ ...episode, terminated: true }), [0.5, 0, 2.25]);
  assert.deepEqual(
    received({ ...episode, ids: episode.ids.slice(0, 6), lossMask: episode.lossMask.slice(0, 6) }),
    [0.5, 0, 2.25],
  );
  const { metrics } = roundTargets([episode, { ...episode, score: 0 }], [flat, flat], 0.05, [1], options);
  assert.equal(metrics["objective/scores"], 0.75);
  assert.equal(metrics["val/num_eos_tokens"], 2);
});

Deno.test("roundTargets() clips the score and each reward before penalties are taken off, and nothing unless told", () => {
  const episode: Episode = {
    ids: [5, 6, 7, 8, 9],
    lossMask: [false, true, true, true, true],
    score: 25,
    tokenRewards: [0, -40, 3, 0, 12],
  };
  const flat = { logProbs: [-1, -1, -1, -1], referenceLogProbs: [-2, -1, -1, -1], values: [0, 0, 0, 0] };
  const received = (given: Episode, options: AdvantageOptions) => {
    const { targets, metrics } = roundTargets([given], [flat], 0.5, [], { gamma: 1, lam: 0, ...options });
    assert.equal(metrics["objective/rlhf_reward"], metrics["objective/scores"] + metrics["objective/non_score_reward"]);
    return { rewards: targets[0].returns, score: metrics["objective/scores"] };
  };
  assert.deepEqual(received(episode, {}), { rewards: [-40.5, 3, 0, 37], score: 0 });
  const rewardClipRange = [-10, 10] as const;
  assert.deepEqual(received(episode, { rewardClipRange }), { rewards: [-10.5, 3, 0, 20], score: 13 });
  const unfinished = { ...episode, terminated: false };
  assert.deepEqual(received(unfinished, { rewardClipRange, missingEosPenalty: 4 }).rewards, [-10.5, 3, 0, 16]);
  const unjudged = { ...episode, score: undefined, tokenRewards: undefined };
  assert.deepEqual(received(unjudged, { rewardClipRange }).rewards, [-0.5, 0, 0, 0]);
  const low = { ...episode, score: -25, tokenRewards: undefined };
  assert.deepEqual(received(low, { rewardClipRange: [-1, 2] }).rewards, [-0.5, 0, 0, -1]);
});
