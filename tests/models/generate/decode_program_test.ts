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
