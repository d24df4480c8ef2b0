import assert from "node:assert/strict";
import fc from "fast-check";
import { fitLlama3Scaling } from "../../../lib/formats/gguf/fit_llama3_scaling.ts";
import { rotaryFrequencies, type RotaryScaling } from "../../../lib/kernels/mod.ts";

type Llama3 = RotaryScaling & { type: "llama3" };

/** The factors that a file holds for a scaling, and the frequencies they are of. */
function factorsOf(headDim: number, theta: number, scaling: Llama3): [Float32Array, number[]] {
  const frequencies = rotaryFrequencies({ headDim, theta });
  const scaled = rotaryFrequencies({ headDim, theta, scaling });
  return [Float32Array.from(frequencies, (frequency, i) => frequency / scaled[i]), frequencies];
}

const llama3 = (factor: number, low: number, high: number, original: number): Llama3 => ({
  ...{ type: "llama3", factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions: original },
});

Deno.test("fitLlama3Scaling() finds the parameters of published models from their factors alone", () => {
  // Llama 3.1 8B, Llama 3.2 1B and 3B.
  for (const [headDim, factor] of [[128, 8], [64, 32], [128, 32]] as const) {
    const scaling = llama3(factor, 1, 4, 8192);
    assert.deepEqual(fitLlama3Scaling(...factorsOf(headDim, 500_000, scaling)), scaling);
  }
});

Deno.test("fitLlama3Scaling() finds parameters that compute the same, whatever they were, told or not", () => {
  const number = (min: number, max: number) =>
    fc.double({ min, max, noNaN: true }).map((x) => Number(x.toPrecision(3)));
  fc.assert(
    fc.property(
      number(1.5, 64),
      number(0.5, 3),
      number(3.1, 40),
      fc.constantFrom(2048, 4096, 8192, 16384),
      (factor, low, high, original) => {
        const scaling = llama3(factor, low, high, original);
        const [factors, frequencies] = factorsOf(128, 500_000, scaling);
        for (const hints of [{}, { original }, { original, factor, low, high }]) {
          const found = fitLlama3Scaling(factors, frequencies, hints);
          assert.ok(found, JSON.stringify(hints));
          const again = factorsOf(128, 500_000, found)[0];
          again.forEach((one, i) => assert.ok(Math.abs(one / factors[i] - 1) < 1e-5, `${one} ${factors[i]}`));
        }
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("fitLlama3Scaling() finds nothing in factors of another kind", () => {
  const frequencies = rotaryFrequencies({ headDim: 64, theta: 10000 });
  assert.equal(fitLlama3Scaling(frequencies.map((_, i) => 1 + i), frequencies), undefined);
  assert.equal(fitLlama3Scaling(frequencies.map(() => 1), frequencies), undefined);
  assert.equal(fitLlama3Scaling(frequencies.map(() => NaN), frequencies), undefined);
  assert.equal(fitLlama3Scaling(frequencies.map((_, i) => i % 2 ? 8 : 1), frequencies, { original: 8192 }), undefined);
});
