import assert from "node:assert/strict";
import { createEngine } from "../../../lib/engine/mod.ts";
import { Graph, ndarray } from "../../../lib/graph/mod.ts";
import { collateTexts, type ContrastBatch, loadEncoder, SentenceEncoder } from "../../../lib/models/encoder/mod.ts";
import { declareEncoderWeights, encodeTexts } from "../../../lib/models/encoder/encoder_graph.ts";
import { runOnEngine } from "../../support/check_engine.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../../support/golden.ts";

interface Golden {
  queries: string[];
  queryIds: number[][];
  passages: string[];
  passageIds: number[][];
  temperature: number;
  plain: { losses: number[]; gradientNorm: number };
  symmetric: { losses: number[]; gradientNorm: number };
}

const golden = await goldenJson<Golden>("bert_tiny/bert_tiny.json");

async function withEncoder(run: (encoder: SentenceEncoder) => Promise<void>): Promise<void> {
  const engine = await createEngine({ threads: 1 });
  const encoder = await loadEncoder(`${GOLDEN}bert_tiny/model`, { engine });
  const before = engine.bytesInUse;
  await run(encoder);
  assert.equal(engine.bytesInUse, before, "tensors were left behind");
  await encoder.dispose();
  await engine.dispose();
}

Deno.test("loadEncoder() reads a WordPiece tokenizer that gives transformers' ids", () =>
  withEncoder((encoder) => {
    const ids = (texts: string[]) => texts.map((text) => encoder.tokenize(text).ids);
    assert.deepEqual(ids(golden.queries), golden.queryIds);
    assert.deepEqual(ids(golden.passages), golden.passageIds);
    return Promise.resolve();
  }));

Deno.test("SentenceEncoder.embed() gives transformers' mean-pooled embeddings, whatever the batches", () =>
  withEncoder(async (encoder) => {
    const expected = (await goldenTensors("bert_tiny/outputs.safetensors")).get("embeddings")!;
    for (const batchSize of [64, 2, 1]) {
      const embeddings = await encoder.embed(golden.passages, { batchSize });
      assert.ok(embeddings.every((vector) => vector.length === encoder.hiddenSize));
      assertClose(embeddings.flatMap((vector) => [...vector]), expected, `embeddings by ${batchSize}`, 1e-6);
    }
  }));

Deno.test("SentenceEncoder with cls pooling gives transformers' first hidden state, at length 1", () =>
  withEncoder(async ({ engine, config, weights, tokenizer }) => {
    const byFirst = new SentenceEncoder(engine, config, weights, tokenizer, { pooling: "cls", maxTokens: 24 });
    const hidden = (await goldenTensors("bert_tiny/outputs.safetensors")).get("lastHiddenState")!;
    const perText = hidden.length / golden.passages.length;
    (await byFirst.embed(golden.passages)).forEach((vector, text) => {
      const first = hidden.subarray(text * perText, text * perText + config.hiddenSize);
      const length = Math.hypot(...first);
      assertClose(vector, first.map((value) => value / length), `first token of text ${text}`, 1e-6);
    });
  }));

Deno.test("encodeTexts() gives transformers' last hidden states", () =>
  withEncoder(async ({ engine, config, weights }) => {
    const { rows, tokens, ids, positions, bias, starts } = collateTexts(golden.passageIds, config);
    const graph = new Graph();
    const { lastHidden } = encodeTexts(graph, config, declareEncoderWeights(graph, config));
    const feeds = {
      ids: ndarray([rows, tokens], Array.from(ids, Number)),
      positions: ndarray([rows, tokens], Array.from(positions, Number)),
      bias: ndarray([rows, 1, 1, tokens, tokens], bias),
      ...Object.fromEntries([...weights].map(([name, { shape, data }]) => {
        return [name, ndarray(shape, data as Float32Array)];
      })),
    };
    const { data } = (await runOnEngine(engine, { lastHidden }, feeds)).lastHidden;
    const expected = (await goldenTensors("bert_tiny/outputs.safetensors")).get("lastHiddenState")!;
    const { hiddenSize } = config;
    const longest = Math.max(...golden.passageIds.map(({ length }) => length));
    golden.passageIds.forEach(({ length }, text) => {
      const own = data.subarray(starts[text] * hiddenSize, (starts[text] + length) * hiddenSize);
      const start = text * longest * hiddenSize;
      assertClose(own, expected.subarray(start, start + length * hiddenSize), `last hidden state of text ${text}`);
    });
  }));

for (const name of ["plain", "symmetric"] as const) {
  Deno.test(`SentenceEncoder.contrast() has PyTorch's ${name} loss and every gradient`, () =>
    withEncoder(async (encoder) => {
      const texts = collateTexts([...golden.queryIds, ...golden.passageIds], encoder.config);
      const [queries, passages] = [golden.queryIds.length, golden.passageIds.length];
      const own = new Float32Array(queries * passages);
      for (let query = 0; query < queries; query++) own[query * passages + query] = 1;
      const batch: ContrastBatch = { texts, queries, own, bias: new Float32Array(own.length) };
      const gradients = new Map<string, Float32Array>();
      const options = { temperature: golden.temperature, symmetric: name === "symmetric" };
      const { loss } = await encoder.contrast(batch, options, async (name, gradient) => {
        gradients.set(name, Float32Array.from(await encoder.engine.read(gradient) as Float32Array));
        gradient.dispose();
      });
      const { losses } = golden[name];
      assertClose([loss], [losses.reduce((sum, value) => sum + value) / losses.length], "loss");
      const expected = await goldenTensors(`bert_tiny/${name}.gradients.safetensors`);
      assert.deepEqual([...gradients.keys()].sort(), [...expected.keys()].sort());
      // A key's bias shifts all scores of a query alike: its gradient is zero but for roundings.
      const keyBias = /key\.bias$/;
      for (const [name, gradient] of gradients) {
        if (keyBias.test(name)) assert.ok(Math.hypot(...gradient) < 1e-5 * golden.plain.gradientNorm, name);
        else assertClose(gradient, expected.get(name)!, `${name} (bert)`);
      }
      assert.equal([...gradients.keys()].filter((name) => keyBias.test(name)).length, encoder.config.layers);
    }));
}
