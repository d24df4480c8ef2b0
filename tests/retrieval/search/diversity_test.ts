import assert from "node:assert/strict";
import fc from "fast-check";
import { maximalMarginalRelevance } from "../../../lib/retrieval/search/mod.ts";
import { cosine } from "../../../lib/retrieval/embed/mod.ts";

/** A candidate whose vector points at an angle, in degrees. */
function candidate(id: string, score: number, angle: number) {
  const radians = angle * Math.PI / 180;
  return { id, score, vector: Float32Array.of(Math.cos(radians), Math.sin(radians)) };
}

const CANDIDATES = [
  candidate("a", 10, 0),
  candidate("b", 9, 1),
  candidate("c", 8, 2),
  candidate("d", 6, 90),
  candidate("e", 0, 45),
];

Deno.test("maximalMarginalRelevance() takes the best first, then what is unlike it", () => {
  assert.deepEqual(maximalMarginalRelevance(CANDIDATES, 2, 0.5), ["a", "d"]);
  // Relevance 1, .9, .8, .6, 0; cosines with a: b .9998, c .9994, d 0, e .7071.
  assert.deepEqual(maximalMarginalRelevance(CANDIDATES, 5, 0.5), ["a", "d", "b", "c", "e"]);
  assert.deepEqual(maximalMarginalRelevance(CANDIDATES, 3, 0), ["a", "d", "e"]);
  assert.deepEqual(maximalMarginalRelevance(CANDIDATES, 4, 1), ["a", "b", "c", "d"]);
  assert.deepEqual(maximalMarginalRelevance(CANDIDATES, 9, 0.3).toSorted(), ["a", "b", "c", "d", "e"]);
  assert.deepEqual(maximalMarginalRelevance([], 3, 0.5), []);
});

Deno.test("maximalMarginalRelevance() with equal candidates keeps their order", () => {
  const same = ["x", "y", "z"].map((id) => candidate(id, 1, 30));
  assert.deepEqual(maximalMarginalRelevance(same, 2, 0.5), ["x", "y"]);
  for (const lambda of [-0.1, 1.1, NaN]) {
    assert.throws(() => maximalMarginalRelevance(same, 2, lambda), /lambda is .*; expected a number from 0 to 1/);
  }
});

Deno.test("maximalMarginalRelevance() is what its definition says, worked out anew at every step", () => {
  const arbitrary = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 359 })), {
    maxLength: 7,
  });
  fc.assert(fc.property(arbitrary, fc.double({ min: 0, max: 1, noNaN: true }), (drawn, lambda) => {
    const candidates = drawn.map(([score, angle], at) => candidate(String(at), score, angle)).sort((a, b) =>
      b.score - a.score
    );
    const scores = candidates.map(({ score }) => score);
    const [least, most] = [Math.min(...scores), Math.max(...scores)];
    const relevance = (score: number) => most > least ? (score - least) / (most - least) : 1;
    const chosen: typeof candidates = [];
    while (chosen.length < 4 && chosen.length < candidates.length) {
      const worth = (each: typeof candidates[number]) =>
        chosen.length === 0 ? relevance(each.score) : lambda * relevance(each.score) -
          (1 - lambda) * Math.max(...chosen.map(({ vector }) => cosine(each.vector, vector)));
      const left = candidates.filter((each) => !chosen.includes(each));
      const best = Math.max(...left.map(worth));
      chosen.push(left.find((each) => worth(each) === best)!);
    }
    assert.deepEqual(maximalMarginalRelevance(candidates, 4, lambda), chosen.map(({ id }) => id));
  }));
});
