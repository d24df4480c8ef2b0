import assert from "node:assert/strict";
import { bm25 } from "../../lib/train/bm25.ts";
import { denseRanker, pairRecall, type Ranker, titleRecall, wordRanker } from "../../lib/train/mod.ts";
import { withSmallEncoder } from "../models/encoder/encoders.ts";

Deno.test("bm25() counts rare words more, repeated ones less and less, and long passages less", () => {
  const passages = ["the cat", "the dog", "the the the dog sat on the mat all day long", "a bird"];
  const score = bm25(passages);
  const [cat, dog, longDog, bird] = score("the dog");
  assert.ok(dog > longDog && longDog > cat && cat > bird, `${[cat, dog, longDog, bird]}`);
  assert.equal(bird, 0);
  assert.deepEqual([...score("nothing here")], [0, 0, 0, 0]);
  // By hand: one word in one of two passages of one word each.
  const expected = Math.log(1 + (2 - 1 + 0.5) / 1.5) * 2.2 / (1 + 1.2);
  assert.ok(Math.abs(bm25(["cat", "dog"])("CAT!")[0] - expected) < 1e-12);
});

Deno.test("pairRecall() counts the own passage, its copies and those of the topic", async () => {
  const pairs = [
    { query: "a", passage: "one" },
    { query: "b", passage: "two", topic: "t" },
    { query: "c", passage: "three", topic: "t" },
    { query: "d", passage: "one" },
  ];
  const orders: Record<string, number[]> = { a: [3, 0, 1, 2], b: [0, 2, 1, 3], c: [0, 3, 1, 2], d: [1, 2, 3, 0] };
  const rank: Ranker = (queries, passages, k) => {
    assert.deepEqual(passages, ["one", "two", "three", "one"]);
    return Promise.resolve(queries.map((query) => orders[query].slice(0, k)));
  };
  assert.deepEqual(await pairRecall(rank, pairs), { "recall@1": 0.25, "recall@5": 1, "recall@10": 1 });
});

Deno.test("titleRecall() gives the mean share of a question's titles", async () => {
  const titles = Array.from({ length: 20 }, (_, i) => `Title ${i}`);
  const corpus = Object.fromEntries(titles.map((title) => [title, [`About ${title}.`, " More."]]));
  const rank: Ranker = (queries, passages, k) => {
    assert.equal(passages[3], "Title 3. About Title 3. More.");
    return Promise.resolve(queries.map(() => passages.map((_, i) => i).slice(0, k)));
  };
  const questions = [{ question: "q", titles: ["Title 0", "Title 7"] }, {
    question: "p",
    titles: ["Title 19", "Title 3"],
  }];
  assert.deepEqual(await titleRecall(rank, { corpus, questions }), {
    "recall@2": 0.25,
    "recall@5": 0.5,
    "recall@10": 0.75,
  });
});

Deno.test("wordRanker and denseRanker put the passage with the query's words first", () =>
  withSmallEncoder(async (encoder) => {
    const passages = ["the cat sat", "the dog sat", "a log"];
    assert.equal((await wordRanker(["dog"], passages, 2))[0][0], 1);
    const ranked = await denseRanker(encoder)(passages, passages, 2);
    assert.deepEqual(ranked.map(([first]) => first), [0, 1, 2]);
    assert.ok(ranked.every((order) => order.length === 2));
  }));
