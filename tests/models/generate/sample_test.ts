import assert from "node:assert/strict";
import fc from "fast-check";
import { type NextTokenScores, Sampler, type SamplingOptions } from "../../../lib/models/generate/sample.ts";
import { Random } from "../../../lib/random/mod.ts";

const OFF: SamplingOptions = { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };

function softmax(logits: readonly number[]): number[] {
  const highest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - highest));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}

/** Scores of several rows, as a decoder gives them. */
function scoresOf(rows: readonly (readonly number[])[], temperature: number): NextTokenScores {
  const probabilities = rows.map((logits) => softmax(logits.map((logit) => Math.fround(logit) / (temperature || 1))));
  return {
    logits: Float32Array.from(rows.flat()),
    probabilities: Float32Array.from(probabilities.flat()),
    highestLogit: Float32Array.from(rows, (logits) => Math.max(...logits)),
    highestProbability: Float32Array.from(probabilities, (row) => Math.max(...row)),
  };
}

/**
 * The distribution that Hugging Face's logits processors leave, in their order, in float64: penalty, temperature, top-k
 * (ties stay), top-p (here ties stay too), min-p.
 */
function reference(logits: readonly number[], seen: ReadonlySet<number>, options: SamplingOptions): number[] {
  const { temperature, topK, topP, minP, repetitionPenalty } = options;
  let scores = logits.map((logit, token) => {
    const value = Math.fround(logit);
    if (!seen.has(token)) return value / temperature;
    return (value < 0 ? value * repetitionPenalty : value / repetitionPenalty) / temperature;
  });
  const keep = (isKept: (probability: number, probabilities: number[]) => boolean) => {
    const probabilities = softmax(scores);
    scores = scores.map((score, token) => (isKept(probabilities[token], probabilities) ? score : -Infinity));
  };
  if (topK > 0 && topK < scores.length) {
    const border = [...scores].sort((a, b) => b - a)[topK - 1];
    scores = scores.map((score) => (score >= border ? score : -Infinity));
  }
  if (topP < 1) {
    keep((own, all) => all.reduce((sum, other) => (other > own ? sum + other : sum), 0) < topP);
  }
  keep((own, all) => own >= minP * Math.max(...all));
  return softmax(scores);
}

/** Multiples of 1/64: two of them are equal or have clearly different probabilities. */
const logitsOf = (length: number) =>
  fc.array(fc.integer({ min: -800, max: 800 }).map((n) => n / 64), { minLength: length, maxLength: length });

const samplingOptions = fc.record({
  temperature: fc.constantFrom(0.05, 0.3, 0.7, 1, 1.5),
  topK: fc.constantFrom(0, 1, 2, 5, 30, 40, 100),
  topP: fc.constantFrom(1, 0.99, 0.9, 0.5, 0.05),
  minP: fc.constantFrom(0, 0.02, 0.3, 1),
  repetitionPenalty: fc.constantFrom(1, 1.2345678, 0.8123456, 3.1234567),
});

Deno.test("Sampler draws as the float64 reference does under any options", () => {
  const property = fc.property(
    fc.integer({ min: 2, max: 40 }).chain((length) => fc.tuple(logitsOf(length), logitsOf(length))),
    samplingOptions,
    fc.uniqueArray(fc.integer({ min: 0, max: 39 }), { maxLength: 20 }),
    fc.integer(),
    (rows, options, seenIds, seed) => {
      const vocabSize = rows[0].length;
      const seen = new Set(seenIds.filter((id) => id < vocabSize));
      const sampler = new Sampler(vocabSize, options);
      const scores = scoresOf(rows, options.temperature);
      rows.forEach((logits, row) => {
        const expected = reference(logits, seen, options);
        const [random, same] = [new Random(seed), new Random(seed)];
        for (let draw = 0; draw < 8; draw++) {
          sampler.sample(scores, row, random, seen);
          const uniform = same.float();
          const before = expected.slice(0, sampler.token).reduce((a, b) => a + b, 0);
          // Float32 rounding may move a border by this much.
          assert.ok(before <= uniform + 1e-5, `token ${sampler.token} begins at ${before}, drawn with ${uniform}`);
          assert.ok(uniform < before + expected[sampler.token] + 1e-5, `token ${sampler.token} ends before ${uniform}`);
          const plain = softmax(logits.map((logit) => Math.fround(logit) / options.temperature));
          assert.ok(Math.abs(sampler.logProb - Math.log(plain[sampler.token])) < 1e-4);
          assert.equal(sampler.isGreedy, Math.fround(logits[sampler.token]) === scores.highestLogit[row]);
        }
      });
    },
  );
  fc.assert(property, { numRuns: 400 });
});

Deno.test("Sampler draws only tokens of the reference's support from a large vocabulary", () => {
  const random = new Random("large");
  const vocabSize = 1500;
  for (const spread of [0.01, 1, 6]) {
    const rows = [Array.from({ length: vocabSize }, () => random.normal() * spread)];
    for (const changes of [{ topK: 50 }, { topP: 0.9 }, { topK: 200, topP: 0.8 }, { minP: 0.2 }]) {
      const options = { ...OFF, ...changes };
      const expected = reference(rows[0], new Set(), options);
      const sampler = new Sampler(vocabSize, options);
      const scores = scoresOf(rows, 1);
      const drawn = new Set<number>();
      for (let draw = 0; draw < 300; draw++) {
        sampler.sample(scores, 0, random);
        assert.ok(expected[sampler.token] > 0, `token ${sampler.token} is outside of ${JSON.stringify(changes)}`);
        drawn.add(sampler.token);
      }
      assert.ok(drawn.size > Math.min(8, expected.filter((probability) => probability > 1e-3).length - 1));
    }
  }
});

Deno.test("Sampler draws tokens as often as they are probable", () => {
  const random = new Random("chi-square");
  const logits = Array.from({ length: 60 }, () => random.normal() * 1.5);
  for (const changes of [{}, { temperature: 0.6 }, { topP: 0.9 }, { topK: 10 }, { repetitionPenalty: 1.4 }]) {
    const options = { ...OFF, ...changes };
    const seen = new Set([3, 10, 40]);
    const expected = reference(logits, seen, options);
    const sampler = new Sampler(60, options);
    const scores = scoresOf([logits], options.temperature);
    const counts = new Array<number>(60).fill(0);
    const draws = 40_000;
    for (let draw = 0; draw < draws; draw++) {
      sampler.sample(scores, 0, random, seen);
      counts[sampler.token]++;
    }
    let chiSquare = 0;
    let degrees = -1;
    expected.forEach((probability, token) => {
      if (probability * draws < 5) return;
      chiSquare += (counts[token] - probability * draws) ** 2 / (probability * draws);
      degrees++;
    });
    // Mean `degrees`, variance twice that: four standard deviations above.
    assert.ok(chiSquare < degrees + 4 * Math.sqrt(2 * degrees), `${JSON.stringify(changes)}: ${chiSquare}, ${degrees}`);
  }
});

Deno.test("Sampler is greedy at temperature 0, after penalty and edit", () => {
  const scores = scoresOf([[1, 5, 4.9, -2]], 0);
  const random = new Random(1);
  const before = random.save();
  const sampler = new Sampler(4, { ...OFF, temperature: 0 });
  sampler.sample(scores, 0, random);
  assert.deepEqual([sampler.token, sampler.isGreedy], [1, true]);
  assert.ok(Math.abs(sampler.logProb - Math.log(softmax([1, 5, 4.9, -2])[1])) < 1e-6);
  sampler.sample(scores, 0, random, [], (logits) => logits[1] = logits[2] = -Infinity);
  assert.deepEqual([sampler.token, sampler.isGreedy], [0, false]);
  const penalized = new Sampler(4, { ...OFF, temperature: 0, repetitionPenalty: 1.1 });
  penalized.sample(scores, 0, random, new Set([1]));
  assert.equal(penalized.token, 2);
  assert.deepEqual(random.save(), before, "greedy draws nothing");
});

Deno.test("Sampler takes the first of equally likely tokens when greedy, and keeps ties of top-k", () => {
  const scores = scoresOf([[2, 3, 3, 3, 0]], 1);
  const greedy = new Sampler(5, { ...OFF, temperature: 0 });
  greedy.sample(scores, 0, new Random(1));
  assert.equal(greedy.token, 1);
  const sampler = new Sampler(5, { ...OFF, topK: 2 });
  const random = new Random(1);
  const drawn = new Set<number>();
  for (let i = 0; i < 100; i++) {
    sampler.sample(scores, 0, random);
    drawn.add(sampler.token);
  }
  assert.deepEqual([...drawn].sort(), [1, 2, 3]);
});

Deno.test("Sampler's log-probability stays finite for a token that the model all but excludes", () => {
  const scores = scoresOf([[300, 0, 0]], 1);
  const sampler = new Sampler(3, OFF);
  sampler.sample(scores, 0, new Random(1), [], (logits) => logits[0] = -Infinity);
  assert.equal(sampler.logProb, -300);
});

Deno.test("Sampler draws a token also where rounding leaves the probabilities' sum below the number drawn", () => {
  // A sum of 0.5, as if half of the mass had been lost.
  const scores = scoresOf([[0, 0, -Infinity]], 1);
  scores.probabilities!.set([0.25, 0.25, 0]);
  const sampler = new Sampler(3, OFF);
  const random = new Random(1);
  const drawn = new Set<number>();
  for (let i = 0; i < 50; i++) {
    sampler.sample(scores, 0, random);
    drawn.add(sampler.token);
  }
  assert.deepEqual([...drawn].sort(), [0, 1]);
});

Deno.test("Sampler draws an unseen token where the penalty makes all that was probable improbable", () => {
  // At temperature 0.1 the second token's probability is e^-140, 0 in float32; after the penalty the first has less.
  const options = { ...OFF, temperature: 0.1, repetitionPenalty: 2 };
  const sampler = new Sampler(3, options);
  sampler.sample(scoresOf([[30, 16, -5]], 0.1), 0, new Random(1), new Set([0]));
  assert.equal(sampler.token, 1);
  assert.ok(Math.abs(sampler.logProb + 140) < 1e-4);
});
