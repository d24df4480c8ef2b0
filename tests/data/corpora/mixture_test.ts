import assert from "node:assert/strict";
import { drillsCorpus, mixedExampleAt, wordProblemsCorpus } from "../../../lib/data/mod.ts";
import { drawInSplit, splitOf } from "../../../lib/data/corpora/corpus.ts";

const [problems, drills] = [wordProblemsCorpus(), drillsCorpus()];

Deno.test("mixedExampleAt() takes corpora by their shares, each the same example as the corpus alone gives", () => {
  const parts = [{ corpus: problems, share: 3 }, { corpus: drills, share: 1 }];
  const examples = Array.from({ length: 2000 }, (_, index) => mixedExampleAt(index, parts, { seed: 5 }));
  const taken = examples.filter(({ corpus }) => corpus === problems.name).length / examples.length;
  assert.ok(Math.abs(taken - 0.75) < 0.03, `${taken}`);
  for (const [index, { corpus, messages }] of examples.slice(0, 50).entries()) {
    const own = corpus === problems.name ? problems : drills;
    assert.deepEqual(messages, own.exampleAt(index, { seed: 5 }).messages);
  }
});

Deno.test("mixedExampleAt() refuses shares that mean nothing", () => {
  assert.throws(() => mixedExampleAt(0, [{ corpus: drills, share: -1 }]), /share of drills is -1/);
  assert.throws(() => mixedExampleAt(0, [{ corpus: drills, share: 0 }]), RangeError);
});

Deno.test("drawInSplit() never gives both splits the same instance, and holds one in ten out", () => {
  const draw = (split: "train" | "test", count: number) =>
    Array.from({ length: count }, (_, index) =>
      drawInSplit("a corpus", index, { split }, (random) => {
        const value = random.integer(0, 999);
        return { instance: String(value), value };
      }));
  const train = new Set(draw("train", 5000));
  assert.ok(draw("test", 1000).every((value) => !train.has(value)));
  const heldOut = Array.from({ length: 10_000 }, (_, i) => splitOf(`${i}`)).filter((split) => split === "test").length;
  assert.ok(Math.abs(heldOut - 1000) < 100, `${heldOut}`);
  assert.deepEqual(draw("test", 5), draw("test", 9).slice(0, 5));
});
