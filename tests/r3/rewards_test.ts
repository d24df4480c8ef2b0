import assert from "node:assert/strict";
import fc from "fast-check";
import { type R3RewardOptions, r3Rewards, type RewardedStep } from "../../lib/r3/rewards.ts";

const query = (relevance: number, coherence = relevance, rationality = relevance): RewardedStep => ({
  kind: "query",
  quality: { coherence, rationality, relevance },
  hasDocuments: true,
});
const nothingFound = (relevance: number): RewardedStep => ({
  kind: "query",
  quality: { coherence: 1, rationality: 1, relevance },
  hasDocuments: false,
});
const unjudged: RewardedStep = { kind: "query", quality: null, hasDocuments: true };
const right: RewardedStep = { kind: "answer", isRight: true };
const wrong: RewardedStep = { kind: "answer", isRight: false };
const unknown: RewardedStep = { kind: "answer", isRight: null };
const malformed: RewardedStep = { kind: "malformed" };

/** Every line of the table of rewards: steps, options, what they are worth. */
const TABLE: [string, RewardedStep[], R3RewardOptions, number[] | null][] = [
  ["a chain that ends right", [query(0.5), query(1), right], {}, [0.8, 1.6, 2]],
  ["a chain that ends wrong", [query(0.5), query(1), wrong], {}, [0.4, 0.8, 0]],
  ["a chain without answer", [query(0.5), query(1)], {}, [0.45, 0.9]],
  ["a chain that ends malformed", [query(0.5), malformed], {}, [0.4, -0.9]],
  ["a malformed first step", [malformed], {}, [-0.9]],
  ["an answer at once, right", [right], {}, [2]],
  ["an answer at once, wrong", [wrong], {}, [0]],
  ["no step", [], {}, []],
  ["without shaping, right", [query(0.5), right], { shaping: false }, [0.5, 2]],
  ["without shaping, wrong", [query(0.5), wrong], { shaping: false }, [0.5, 0]],
  ["without shaping, no answer", [query(0.5)], { shaping: false }, [0.5]],
  ["without shaping, malformed", [query(0.5), malformed], { shaping: false }, [0.5, -0.9]],
  ["documents of no relevance", [query(0), right], {}, [0, 2]],
  ["relevance of nothing found", [nothingFound(0), right], {}, [0, 2]],
  ["composite, right", [query(0.5), right], { scheme: "composite" }, [0.9, 2.1]],
  ["composite, wrong", [query(0.5), wrong], { scheme: "composite" }, [0.5, 0.1]],
  ["composite, no answer", [query(0.5)], { scheme: "composite" }, [0.55]],
  ["composite, malformed", [query(0.5), malformed], { scheme: "composite" }, [0.5, -0.9]],
  ["composite without shaping, right", [query(0.5), right], { scheme: "composite", shaping: false }, [0.6, 2.1]],
  // 0.3 * 1 + 0.3 * 0.5 + 0.4 * 0.25 = 0.55 lies between the relevance and the documents found.
  ["composite: the median", [query(0.25, 1, 0.5)], { scheme: "composite", shaping: false }, [0.65]],
  // 0.3 + 0.3 + 0.4 * 0.5 = 0.8, nothing found, relevance 0.5.
  ["composite: nothing found", [nothingFound(0.5)], { scheme: "composite", shaping: false }, [0.6]],
  ["outcome only, right", [query(0.1), unjudged, right], { only: "outcome" }, [2, 2, 2]],
  ["outcome only, wrong", [unjudged, wrong], { only: "outcome" }, [0, 0]],
  ["outcome only, no answer", [unjudged], { only: "outcome" }, [0]],
  ["outcome only, malformed", [unjudged, malformed], { only: "outcome" }, [0, -0.9]],
  ["process only", [query(0.5), unknown], { only: "process" }, [0.5, 0]],
  ["process only, composite", [query(0.5), right], { only: "process", scheme: "composite" }, [0.6, 0.1]],
  ["process only, malformed", [query(0.5), malformed], { only: "process" }, [0.5, -0.9]],
  ["a step that nobody judged", [unjudged, right], {}, null],
  ["an answer that nobody judged", [query(0.5), unknown], {}, null],
  ["an answer that nobody judged, outcome only", [unknown], { only: "outcome" }, null],
  ["a step that nobody judged, process only", [unjudged], { only: "process" }, null],
];

for (const [what, steps, options, expected] of TABLE) {
  Deno.test(`r3Rewards() rewards ${what}`, () => {
    const given = r3Rewards(steps, options);
    if (given === null || expected === null) return assert.equal(given, expected);
    assert.equal(given.length, expected.length);
    given.forEach((reward, step) => assert.ok(Math.abs(reward - expected[step]) < 1e-12, `${step}: ${reward}`));
  });
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const anyQuery = fc.record({
  kind: fc.constant("query" as const),
  quality: fc.record({ coherence: share, rationality: share, relevance: share }),
  hasDocuments: fc.boolean(),
});
const anyOptions = fc.record({
  scheme: fc.constantFrom("relevance" as const, "composite" as const),
  shaping: fc.boolean(),
  only: fc.constantFrom("both" as const, "outcome" as const, "process" as const),
});

Deno.test("r3Rewards() always rewards a right answer, and no step of its chain less than a wrong chain's", () => {
  fc.assert(fc.property(fc.array(anyQuery, { maxLength: 5 }), anyOptions, (queries, options) => {
    const ended = r3Rewards([...queries, right], options)!;
    const failed = r3Rewards([...queries, wrong], options)!;
    if (options.only !== "process") {
      assert.ok(ended.at(-1)! >= 2);
      assert.ok(ended.at(-1)! > failed.at(-1)!);
    }
    ended.forEach((reward, step) => assert.ok(reward >= failed[step], `step ${step}`));
    // A query can never be worth as much as the right answer.
    if (options.only !== "outcome") ended.slice(0, -1).forEach((reward) => assert.ok(reward <= 1.7 + 1e-12));
  }));
});

Deno.test("r3Rewards() leaves a chain out when any judgement that it needs is missing", () => {
  fc.assert(
    fc.property(fc.array(anyQuery, { minLength: 1, maxLength: 4 }), fc.nat(), anyOptions, (queries, at, options) => {
      const steps: RewardedStep[] = [...queries, right];
      steps[at % queries.length] = unjudged;
      assert.equal(r3Rewards(steps, options) === null, options.only !== "outcome");
    }),
  );
});

Deno.test("r3Rewards() refuses steps after the end and qualities out of range, naming the step", () => {
  assert.throws(() => r3Rewards([right, query(1)]), /step 1: a step follows one that is answer/);
  assert.throws(() => r3Rewards([query(1), malformed, query(1)]), /step 2: a step follows one that is malformed/);
  assert.throws(() => r3Rewards([query(1), query(1.5)]), /step 2: coherence is 1.5: expected a number from 0 to 1/);
  assert.throws(() => r3Rewards([query(NaN)]), /step 1: coherence is NaN/);
});
