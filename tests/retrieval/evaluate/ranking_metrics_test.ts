import assert from "node:assert/strict";
import fc from "fast-check";
import {
  answerF1,
  exactMatch,
  ndcgAtK,
  normalizeAnswer,
  precisionAtK,
  recallAtK,
  reciprocalRank,
} from "../../../lib/retrieval/evaluate/mod.ts";
import { GOLDEN } from "../../support/golden.ts";

const golden = JSON.parse(await Deno.readTextFile(`${GOLDEN}retrieval_metrics/metrics.json`)) as {
  ks: number[];
  rankings: {
    ranking: string[];
    gains: Record<string, number>;
    recall: number[];
    precision: number[];
    ndcg: number[];
    reciprocalRank: number;
  }[];
  answers: { gold: string; given: string; normalized: [string, string]; exactMatch: number; f1: number }[];
};

const close = (actual: number, expected: number, what: string) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${what}: ${actual}, expected ${expected}`);

Deno.test("recallAtK(), precisionAtK(), ndcgAtK() and reciprocalRank() give trec_eval's numbers", () => {
  for (const { ranking, gains, ...expected } of golden.rankings) {
    const relevant = Object.keys(gains);
    for (const [index, k] of golden.ks.entries()) {
      close(recallAtK(ranking, relevant, k), expected.recall[index], `recall@${k}`);
      close(precisionAtK(ranking, relevant, k), expected.precision[index], `precision@${k}`);
      close(ndcgAtK(ranking, new Map(Object.entries(gains)), k), expected.ndcg[index], `ndcg@${k}`);
      if (Object.values(gains).every((gain) => gain === 1)) {
        close(ndcgAtK(ranking, relevant, k), expected.ndcg[index], `binary ndcg@${k}`);
      }
    }
    close(reciprocalRank(ranking, relevant), expected.reciprocalRank, "reciprocal rank");
  }
});

Deno.test("exactMatch() and answerF1() give the numbers of SQuAD's and HotpotQA's scripts", () => {
  for (const { gold, given, normalized, exactMatch: exact, f1 } of golden.answers) {
    assert.deepEqual([normalizeAnswer(given), normalizeAnswer(gold)], normalized);
    assert.equal(exactMatch(given, gold), exact);
    close(answerF1(given, gold), f1, `F1 of '${given}' for '${gold}'`);
  }
});

Deno.test("ranking metrics by hand: a repeated id keeps its place and counts once", () => {
  const ranking = ["a", "a", "b", "c"];
  assert.equal(recallAtK(ranking, ["a", "b"], 2), 1 / 2);
  assert.equal(recallAtK(ranking, ["a", "b"], 3), 1);
  assert.equal(precisionAtK(ranking, ["a", "b"], 4), 2 / 4);
  assert.equal(precisionAtK(["a"], ["a"], 5), 1 / 5);
  close(ndcgAtK(ranking, ["a", "b"], 10), (1 + 1 / 2) / (1 + 1 / Math.log2(3)), "ndcg");
  close(
    ndcgAtK(["b", "a"], new Map([["a", 3], ["b", 1]]), 10),
    (1 + 3 / Math.log2(3)) / (3 + 1 / Math.log2(3)),
    "graded",
  );
  assert.equal(reciprocalRank(ranking, ["c"]), 1 / 4);
  assert.equal(reciprocalRank(ranking, ["c"], 3), 0);
  assert.equal(reciprocalRank([], ["c"]), 0);
});

Deno.test("ranking metrics refuse questions without answer, and values that make no sense", () => {
  assert.throws(() => recallAtK(["a"], [], 5), /no id is relevant.*leave them out/);
  assert.throws(() => ndcgAtK(["a"], new Map([["a", 0]]), 5), /no id is relevant/);
  assert.throws(() => ndcgAtK(["a"], new Map([["a", 1], ["b", -1]]), 5), /the gain of 'b' is -1/);
  assert.throws(() => precisionAtK(["a"], ["a"], 0), /k is 0: expected a whole number above 0/);
  assert.throws(() => recallAtK(["a"], ["a"], 1.5), /k is 1.5/);
});

Deno.test("ranking metrics lie between 0 and 1, and better orders are not worse", () => {
  const ids = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 1 });
  fc.assert(fc.property(ids, ids, fc.integer({ min: 1, max: 8 }), (ranking, relevant, k) => {
    const best = ranking.toSorted((x, y) => Number(relevant.includes(y)) - Number(relevant.includes(x)));
    for (const metric of [recallAtK, precisionAtK, reciprocalRank, ndcgAtK]) {
      const value = metric(ranking, relevant, k);
      assert.ok(value >= 0 && value <= 1);
      assert.ok(metric(best, relevant, k) >= value);
    }
    assert.ok(recallAtK(ranking, relevant, k + 1) >= recallAtK(ranking, relevant, k));
  }));
});
