import assert from "node:assert/strict";
import fc from "fast-check";
import { PAIR_SOURCES, pairBatchAt } from "../../../lib/data/retrieval_pairs/mod.ts";

const SPLITS = ["train", "test"] as const;

for (const { kind, pairAt } of PAIR_SOURCES) {
  Deno.test(`pairs of ${kind} are whole texts, and the same again`, () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.constantFrom(...SPLITS), fc.nat(5), (index, split, seed) => {
        const pair = pairAt(index, { seed, split });
        assert.deepEqual(pairAt(index, { seed, split }), pair);
        const { query, passage, negatives = [] } = pair;
        for (const text of [query, passage, ...negatives]) {
          assert.equal(text, text.trim());
          assert.ok(text.length > 1 && text.length < 900, text);
          assert.doesNotMatch(text, /\bundefined\b|\bnull\b|[{}]|\bNaN\b| {2}/);
        }
        for (const text of [passage, ...negatives]) assert.doesNotMatch(text, /\.\.|(?<!type )\ba [aeio]/i, text);
        assert.ok(!negatives.includes(passage), passage);
      }),
      { numRuns: 200 },
    );
  });

  Deno.test(`pairs of ${kind} held out do not occur in training`, () => {
    const drawn = (split: typeof SPLITS[number]) =>
      Array.from({ length: 1500 }, (_, index) => pairAt(index, { split })).map(({ query, passage }) =>
        `${query}\n${passage}`
      );
    const train = new Set(drawn("train"));
    const both = drawn("test").filter((pair) => train.has(pair));
    assert.deepEqual(both, []);
  });
}

Deno.test("queries name something of their passage where that is how they find it", () => {
  const share = (kind: string, matches: (query: string, passage: string) => boolean) => {
    const { pairAt } = PAIR_SOURCES.find((source) => source.kind === kind)!;
    const pairs = Array.from({ length: 300 }, (_, index) => pairAt(index));
    return pairs.filter(({ query, passage }) => matches(query, passage)).length / pairs.length;
  };
  const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const common = (query: string, passage: string) =>
    words(query).filter((word) => words(passage).includes(word)).length;
  assert.ok(share("keywords", (query, passage) => common(query, passage) >= words(query).length) > 0.95);
  assert.ok(share("titles", (query, passage) => common(query, passage) > 0) > 0.99);
  assert.ok(share("world questions", (query, passage) => common(query, passage) > 0) > 0.99);
  assert.ok(share("article questions", (query, passage) => common(query, passage) > 0) > 0.99);
  assert.ok(share("spans of a passage", (query, passage) => common(query, passage) > 0) > 0.95);
});

Deno.test("pairBatchAt() gives mostly batches of one sort, and some that mix all", () => {
  const kindOf = new Map<string, string>();
  for (const { kind, pairAt } of PAIR_SOURCES) {
    for (let step = 0; step < 40; step++) {
      for (let row = 0; row < 8; row++) {
        kindOf.set(JSON.stringify(pairAt(step * 8 + row, { seed: 3, split: "train" })), kind);
      }
    }
  }
  const kinds = Array.from({ length: 40 }, (_, step) => {
    return new Set(pairBatchAt(step, { size: 8, seed: 3 }).map((pair) => kindOf.get(JSON.stringify(pair))!));
  });
  assert.ok(kinds.every((batch) => !batch.has(undefined as unknown as string)));
  const pure = kinds.filter((batch) => batch.size === 1).length;
  assert.ok(pure >= 20 && pure <= 36, `${pure} of 40`);
  assert.ok(new Set(kinds.flatMap((batch) => [...batch])).size >= 9);
  assert.deepEqual(pairBatchAt(7, { size: 8, seed: 3 }), pairBatchAt(7, { size: 8, seed: 3 }));
  assert.equal(pairBatchAt(0).length, 64);
  const sources = PAIR_SOURCES.slice(0, 1);
  const batch = pairBatchAt(5, { size: 4, seed: 3, sources });
  assert.deepEqual(batch, [20, 21, 22, 23].map((index) => sources[0].pairAt(index, { seed: 3, split: "train" })));
});
