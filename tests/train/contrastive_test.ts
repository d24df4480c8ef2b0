import assert from "node:assert/strict";
import { MASKED } from "../../lib/kernels/mod.ts";
import type { SentenceEncoder } from "../../lib/models/encoder/mod.ts";
import {
  contrastBatch,
  contrastive,
  type ContrastiveOptions,
  type Metrics,
  type TextPair,
} from "../../lib/train/mod.ts";
import { withSmallEncoder } from "../models/encoder/encoders.ts";

const PAIRS: TextPair[] = ["cat", "dog", "mat", "log", "user", "system"].map((word) => {
  return { query: word, passage: `the ${word} sat` };
});

async function run(encoder: SentenceEncoder, options: Partial<ContrastiveOptions> = {}): Promise<Metrics[]> {
  const metrics: Metrics[] = [];
  const steps = contrastive({ encoder, pairsAt: () => PAIRS, maxSteps: 30, learningRate: 1e-2, ...options });
  for await (const step of steps) metrics.push(step.metrics);
  return metrics;
}

for (const symmetric of [false, true]) {
  Deno.test(`contrastive() teaches an encoder pairs${symmetric ? " in both directions" : ""}`, () =>
    withSmallEncoder(async (encoder) => {
      const metrics = await run(encoder, { symmetric });
      const [first, last] = [metrics[0], metrics.at(-1)!];
      assert.equal(metrics.length, 30);
      assert.ok(last.loss < 0.3 * first.loss, `${first.loss} to ${last.loss}`);
      assert.equal(last.accuracy, 1);
      assert.equal(last.num_tokens, 30 * first.num_tokens);
      assert.ok(metrics.every(({ grad_norm, learning_rate }) => grad_norm > 0 && learning_rate >= 0));
      const [queries, passages] = [PAIRS.map(({ query }) => query), PAIRS.map(({ passage }) => passage)];
      const [asked, found] = [await encoder.embed(queries), await encoder.embed(passages)];
      asked.forEach((query, i) => {
        const scores = found.map((passage) => passage.reduce((sum, value, k) => sum + value * query[k], 0));
        assert.equal(scores.indexOf(Math.max(...scores)), i);
      });
    }));
}

Deno.test("contrastive() gives the same curve again, and another one for other pairs", async () => {
  const curves: number[][] = [];
  for (const pairs of [PAIRS, PAIRS, PAIRS.slice(1)]) {
    await withSmallEncoder(async (encoder) => {
      curves.push((await run(encoder, { maxSteps: 4, pairsAt: () => pairs })).map(({ loss }) => loss));
    });
  }
  assert.deepEqual(curves[0], curves[1]);
  assert.notDeepEqual(curves[0], curves[2]);
});

Deno.test("contrastive() asks for the pairs of each step, and evaluates when it is time", () =>
  withSmallEncoder(async (encoder) => {
    const asked: number[] = [];
    const metrics = await run(encoder, {
      maxSteps: 5,
      pairsAt: (step) => {
        asked.push(step);
        return PAIRS;
      },
      evaluate: () => Promise.resolve({ "recall@1": 0.5 }),
      evalSteps: 2,
    });
    assert.deepEqual(asked, [0, 1, 2, 3, 4]);
    assert.deepEqual(metrics.map((row) => row["eval_recall@1"]), [undefined, 0.5, undefined, 0.5, 0.5]);
  }));

Deno.test("contrastive() stops between two steps when aborted, and frees what it made", () =>
  withSmallEncoder(async (encoder) => {
    const before = encoder.engine.bytesInUse;
    const abort = new AbortController();
    const seen: number[] = [];
    await assert.rejects(async () => {
      const steps = contrastive({ encoder, pairsAt: () => PAIRS, maxSteps: 30, signal: abort.signal });
      for await (const { step } of steps) {
        seen.push(step);
        if (step === 2) abort.abort(new Error("enough"));
      }
    }, /enough/);
    assert.deepEqual(seen, [1, 2]);
    assert.equal(encoder.engine.bytesInUse, before);
  }));

Deno.test("contrastive() stops with the step when the loss is not finite, and keeps the weights before it", () =>
  withSmallEncoder(async (encoder) => {
    const table = encoder.weights.get("embeddings.word_embeddings.weight")!.data as Float32Array;
    table.fill(NaN, 0, 16 * 300);
    const other = Float32Array.from(encoder.weights.get("encoder.layer.0.output.dense.weight")!.data as Float32Array);
    await assert.rejects(run(encoder), /step 1: the loss is NaN on the 6 pairs of pairsAt\(0\)/);
    assert.deepEqual(encoder.weights.get("encoder.layer.0.output.dense.weight")!.data, other);
  }));

Deno.test("contrastive() refuses options that mean nothing", () =>
  withSmallEncoder(async (encoder) => {
    await assert.rejects(run(encoder, { maxSteps: 0 }), /maxSteps: expected a positive integer, got 0/);
    await assert.rejects(run(encoder, { temperature: 0 }), /temperature: expected a number above 0, got 0/);
    await assert.rejects(run(encoder, { learningRate: -1 }), /learningRate/);
    await assert.rejects(run(encoder, { pairsAt: () => PAIRS.slice(0, 1) }), /a step of 1 pairs: expected two or more/);
  }));

Deno.test("contrastBatch() puts queries before passages and hard negatives, with prefixes, and cuts them", () =>
  withSmallEncoder((encoder) => {
    const pairs = [{ query: "cat", passage: "the cat", negatives: ["the dog"] }, {
      query: "log",
      passage: "the log sat",
    }];
    const prefixes = { queryPrefix: "the ", passagePrefix: "and " };
    const { batch: { texts, queries, own }, truncated } = contrastBatch(encoder, pairs, prefixes);
    const decoded = texts.starts.map((start, text) => {
      const slots = texts.rows * texts.tokens;
      const length = texts.pooling.subarray(text * slots, (text + 1) * slots).filter((share) => share > 0).length;
      return encoder.tokenizer.decode(Array.from(texts.ids.subarray(start, start + length), Number));
    });
    assert.deepEqual(decoded, ["the cat", "the log", "and the cat", "and the log sat", "and the dog"]);
    assert.equal(queries, 2);
    assert.deepEqual([...own], [1, 0, 0, 0, 1, 0]);
    assert.equal(truncated, 0);
    const all = pairs.flatMap(({ query, passage, negatives = [] }) => [query, passage, ...negatives]);
    const long = all.filter((text) => encoder.tokenizer.encode(text).length > 2).length;
    assert.ok(long > 0 && long < all.length);
    assert.equal(contrastBatch(encoder, pairs, { maxLength: 2 }).truncated, long);
    return Promise.resolve();
  }));

Deno.test("contrastBatch() takes no negatives from copies, equal queries and pairs of one topic", () =>
  withSmallEncoder((encoder) => {
    const pairs: TextPair[] = [
      { query: "cat", passage: "the cat", topic: "animals", negatives: ["the mat"] },
      { query: "dog", passage: "the dog", topic: "animals" },
      { query: "log", passage: "the log" },
      { query: "log", passage: "the log sat" },
      { query: "mat", passage: "the log" },
    ];
    const { batch: { bias } } = contrastBatch(encoder, pairs);
    const masked = pairs.map((_, i) => {
      return Array.from(bias.subarray(i * 6, (i + 1) * 6)).flatMap((value, j) =>
        value === Math.fround(MASKED) ? [j] : []
      );
    });
    // Passages: the cat, the dog, the log, the log sat, the log, the mat.
    assert.deepEqual(masked, [[1], [0, 5], [3, 4], [2], [2]]);
    return Promise.resolve();
  }));
