import assert from "node:assert/strict";
import fc from "fast-check";
import { minMaxFusion, type Ranking, reciprocalRankFusion } from "../../../lib/retrieval/search/mod.ts";
import { minMax } from "../../../lib/retrieval/search/fusion.ts";

/** A ranking of ids, with scores that fall. */
function ranking(ids: string, scores = [...ids].map((_, at) => 10 - at)): Ranking {
  return [...ids].map((id, at) => ({ id, score: scores[at] }));
}

Deno.test("reciprocalRankFusion() adds 1 / (k + rank), with ranks from 1 and k 60", () => {
  const fused = reciprocalRankFusion([ranking("abc"), ranking("bd")]);
  assert.deepEqual(Object.fromEntries(fused), { a: 1 / 61, b: 1 / 62 + 1 / 61, c: 1 / 63, d: 1 / 62 });
  assert.deepEqual(Object.fromEntries(reciprocalRankFusion([ranking("ab"), ranking("a")], 1)), { a: 1, b: 1 / 3 });
  assert.deepEqual(reciprocalRankFusion([]), new Map());
  assert.deepEqual(reciprocalRankFusion([[], []]), new Map());
  for (const k of [-1, NaN]) assert.throws(() => reciprocalRankFusion([], k), /k is .*; expected a number, 0 or more/);
});

Deno.test("reciprocalRankFusion() looks at ranks alone, and at both sides alike", () => {
  const lists = fc.array(fc.uniqueArray(fc.constantFrom(..."abcdefgh"), { minLength: 1 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(fc.property(lists, fc.integer({ min: 0, max: 100 }), (lists, k) => {
    const rankings = lists.map((ids) => ranking(ids.join("")));
    const fused = reciprocalRankFusion(rankings, k);
    for (const id of "abcdefgh") {
      const expected = lists.filter((ids) => ids.includes(id)).reduce(
        (sum, ids) => sum + 1 / (k + 1 + ids.indexOf(id)),
        0,
      );
      assert.ok(Math.abs((fused.get(id) ?? 0) - expected) < 1e-12);
    }
    const rescaled = rankings.map((list) => list.map(({ id, score }) => ({ id, score: 1e6 * score - 7 })));
    assert.deepEqual(reciprocalRankFusion(rescaled, k), fused);
  }));
});

Deno.test("minMaxFusion() adds scores brought to 0 to 1, by weight", () => {
  const dense = ranking("abc", [0.9, 0.6, 0.5]);
  const words = ranking("bd", [14, 2]);
  const fused = minMaxFusion([{ ranking: dense, weight: 0.75 }, { ranking: words, weight: 0.25 }]);
  assert.deepEqual([...fused].map(([id, score]) => [id, Number(score.toFixed(12))]), [
    ["a", 0.75],
    ["b", 0.75 * 0.25 + 0.25],
    ["c", 0],
    ["d", 0],
  ]);
  // Weights are shares: twice of each is the same.
  assert.deepEqual(minMaxFusion([{ ranking: dense, weight: 6 }, { ranking: words, weight: 2 }]), fused);
  assert.deepEqual(Object.fromEntries(minMaxFusion([{ ranking: dense, weight: 0 }, { ranking: words, weight: 1 }])), {
    a: 0,
    b: 1,
    c: 0,
    d: 0,
  });
});

Deno.test("minMaxFusion() gives 1 where all scores of a ranking are equal, also where there is one", () => {
  const constant = minMaxFusion([{ ranking: ranking("ab", [3, 3]), weight: 1 }, {
    ranking: ranking("b", [-1]),
    weight: 1,
  }]);
  assert.deepEqual(Object.fromEntries(constant), { a: 0.5, b: 1 });
  assert.deepEqual(
    Object.fromEntries(minMaxFusion([{ ranking: [], weight: 1 }, { ranking: ranking("a"), weight: 1 }])),
    {
      a: 0.5,
    },
  );
});

Deno.test("minMaxFusion() does not change when a side measures in another unit", () => {
  const scores = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(scores, scores, (one, other) => {
    const lists = [one, other].map((scores) =>
      scores.toSorted((a, b) => b - a).map((score, at) => ({ id: "abcdefgh"[at], score }))
    );
    const fuse = (scale: number, shift: number) =>
      minMaxFusion(lists.map((list, side) => ({
        ranking: list.map(({ id, score }) => ({ id, score: side ? score * scale + shift : score })),
        weight: 0.5,
      })));
    const [plain, rescaled] = [fuse(1, 0), fuse(8, -3)];
    for (const [id, score] of plain) {
      assert.ok(score >= 0 && score <= 1);
      assert.ok(Math.abs(score - rescaled.get(id)!) < 1e-9);
    }
  }));
});

Deno.test("minMaxFusion() refuses weights that cannot be", () => {
  for (const weight of [-1, NaN, 0]) {
    assert.throws(
      () => minMaxFusion([{ ranking: ranking("a"), weight }]),
      /weights are .*; expected numbers, 0 or more and not all 0/,
    );
  }
  assert.throws(() => minMaxFusion([]), /weights are none/);
});

Deno.test("minMax() brings scores to 0 to 1", () => {
  assert.deepEqual(minMax([3, 1, 2]), [1, 0, 0.5]);
  assert.deepEqual(minMax([-4, -4]), [1, 1]);
  assert.deepEqual(minMax([]), []);
});
