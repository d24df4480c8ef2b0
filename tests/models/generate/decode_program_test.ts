import assert from "node:assert/strict";
import fc from "fast-check";
import { planSegments, segmentWeights } from "../../../lib/models/generate/decode_program.ts";
import { weightShapes } from "../../../lib/models/mod.ts";
import { smallConfig } from "./models.ts";

Deno.test("planSegments() covers every layer once, in order, within the limit, and then the head", () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 30 }),
    fc.integer({ min: 1, max: 400_000 }),
    (layers, limit) => {
      const config = { ...smallConfig, layers };
      const shapes = weightShapes(config);
      const segments = planSegments(config, limit);
      let next = 0;
      for (const segment of segments) {
        assert.equal(segment.start, next);
        next = segment.end;
        const weights = [...segmentWeights(config, segment).values()];
        const bytes = weights.reduce((sum, name) => sum + 4 * shapes[name].reduce((a, b) => a * b), 0);
        const isSingle = segment.end - segment.start + (segment.head ? 1 : 0) === 1;
        // The final norm and rounding aside.
        assert.ok(isSingle || bytes <= limit + 4 * config.hiddenSize, `${bytes} bytes in one program, limit ${limit}`);
      }
      assert.equal(next, layers);
      assert.deepEqual(segments.map(({ head }) => head), segments.map((_, i) => i === segments.length - 1));
    },
  );
  fc.assert(property);
});

Deno.test("segmentWeights() leaves out what does not fit into one ONNX file of 2 GB, such as the head of Qwen2.5-7B", () => {
  const ofSize = (hiddenSize: number, intermediateSize: number, heads: number) => ({
    ...smallConfig,
    ...{ vocabSize: 152064, hiddenSize, intermediateSize, heads, kvHeads: 8, headDim: 128, layers: 2 },
    tieWordEmbeddings: false,
  });
  const sizes = { "7B": ofSize(3584, 18944, 28), "14B": ofSize(5120, 13824, 40), "72B": ofSize(8192, 29568, 64) };
  for (const [name, config] of Object.entries(sizes)) {
    const shapes = weightShapes(config);
    for (const segment of planSegments(config, 256 * 1024 * 1024)) {
      const sources = [...segmentWeights(config, segment).values()];
      const bytes = sources.reduce((sum, source) => sum + 4 * shapes[source].reduce((a, b) => a * b), 0);
      assert.ok(bytes < 2 ** 31, `${name}: ${bytes}`);
      if (segment.head) {
        assert.deepEqual(sources, ["model.norm.weight"]);
        continue;
      }
      const ofLayer = Object.keys(shapes).filter((source) => source.startsWith(`model.layers.${segment.start}.`));
      if (name !== "72B") assert.deepEqual(sources, ofLayer);
      else assert.ok(sources.length > 0 && sources.length < ofLayer.length);
    }
  }
  const [whole] = planSegments(smallConfig, Infinity);
  assert.equal(segmentWeights(smallConfig, whole).size, Object.keys(weightShapes(smallConfig)).length);
});
