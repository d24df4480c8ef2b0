import assert from "node:assert/strict";
import fc from "fast-check";
import { pairEncoder } from "../../../lib/retrieval/rerank/pair_tokens.ts";

/** A tokenizer of letters: `[CLS]` 1, `[SEP]` 2, letters from 10; two segments, as BERT's, or one with two separators. */
const encoderOf =
  (kind: "bert" | "roberta") =>
  (text: string, { pair, specialTokens = true }: { pair?: string; specialTokens?: boolean } = {}) => {
    const own = (letters: string) => [...letters].map((letter) => letter.charCodeAt(0) - 87);
    if (!specialTokens) return { ids: own(text) };
    if (pair === undefined) return { ids: [1, ...own(text), 2] };
    const between = kind === "bert" ? [2] : [2, 2];
    const ids = [1, ...own(text), ...between, ...own(pair), 2];
    const first = 1 + text.length + between.length;
    return { ids, types: ids.map((_, at) => kind === "bert" && at >= first ? 1 : 0) };
  };

const words = fc.string({ unit: fc.constantFrom(..."abcdefgh"), maxLength: 40 });

for (const kind of ["bert", "roberta"] as const) {
  Deno.test(`pairEncoder() writes what the tokenizer writes where a pair fits (${kind})`, () => {
    const encode = encoderOf(kind);
    const encodePair = pairEncoder({ encode }, 100);
    fc.assert(fc.property(words, words, (query, passage) => {
      const { ids, types, ...lengths } = encodePair(query, passage);
      const expected = encode(query, { pair: passage });
      assert.deepEqual(ids, expected.ids);
      assert.deepEqual(types, kind === "bert" ? expected.types : undefined);
      const kept = (text: string) => ({ tokens: text.length, kept: text.length });
      assert.deepEqual(lengths, { query: kept(query), passage: kept(passage) });
    }));
  });

  Deno.test(`pairEncoder() never writes more than there is room for, and cuts passages first (${kind})`, () => {
    const encode = encoderOf(kind);
    const special = kind === "bert" ? 3 : 4;
    const bound = fc.integer({ min: special + 2, max: 60 });
    fc.assert(fc.property(words, words, bound, (query, passage, maxTokens) => {
      const room = maxTokens - special;
      const { ids, query: asked, passage: read } = pairEncoder({ encode }, maxTokens)(query, passage);
      assert.equal(ids.length, special + asked.kept + read.kept);
      assert.ok(ids.length <= maxTokens);
      // What is kept is the beginning of each, and nothing is cut without need.
      assert.deepEqual(ids, encode(query.slice(0, asked.kept), { pair: passage.slice(0, read.kept) }).ids);
      if (asked.kept < query.length || read.kept < passage.length) assert.equal(ids.length, maxTokens);
      if (query.length <= Math.floor(room / 2)) assert.equal(asked.kept, query.length);
      if (passage.length >= Math.ceil(room / 2)) assert.ok(read.kept >= Math.ceil(room / 2));
    }));
  });
}

Deno.test("pairEncoder() refuses a bound without room for a token of each", () => {
  const encode = encoderOf("bert");
  for (const maxTokens of [4, 0, NaN, 5.5]) {
    assert.throws(() => pairEncoder({ encode }, maxTokens), /maxTokens: expected a whole number from/);
  }
});
