import assert from "node:assert/strict";
import fc from "fast-check";
import { parameterCount } from "../../lib/models/mod.ts";
import {
  CARDS,
  cluster,
  estimate,
  type Machine,
  MEASURED_SHARES,
  oneCard,
  PUBLISHED_MODELS,
  USUAL_WORKLOADS,
  type Workload,
} from "../../lib/scale/mod.ts";

/** The machine on which the shares were measured. */
const MEASURED: Machine = {
  name: "two cores",
  devices: 1,
  gflops: 275,
  gigabytes: 48.4,
  memoryBytes: 25e9,
  shares: MEASURED_SHARES,
  sharesFrom: "measured",
  runs: "kiln",
  precisions: ["float32", "4bit"],
};

const SMALLEST = PUBLISHED_MODELS["Qwen/Qwen2.5-0.5B"];

const isNear = (value: number, expected: number, share: number) =>
  assert.ok(Math.abs(value / expected - 1) < share, `${value} is not within ${100 * share}% of ${expected}`);

Deno.test("estimate() says of the measured machine what was measured there", () => {
  // 81.6 tokens/s and 2.90 GB.
  const sft = estimate(SMALLEST, { method: "sft", rows: 1, tokens: 512, epochs: 1 }, MEASURED);
  isNear(sft.seconds, 512 / 81.6, 0.1);
  isNear(sft.memoryBytes, 2.9e9, 0.1);
  // A rollout of 18.3 s, 21.1 s of training that compiled its programs too, 4.93 GB.
  const work = { method: "grpo", steps: 1, prompts: 1, samples: 8, promptTokens: 128, newTokens: 64 } as const;
  const grpo = estimate(SMALLEST, work, MEASURED);
  isNear(grpo.writingSeconds, 18.3, 0.1);
  isNear(grpo.seconds, 39.4, 0.15);
  isNear(grpo.memoryBytes, 4.93e9, 0.1);
});

Deno.test("PUBLISHED_MODELS have the numbers of weights that their cards give", () => {
  const billions = Object.fromEntries(
    Object.entries(PUBLISHED_MODELS).map(([name, config]) => [
      name.replace("Qwen/Qwen2.5-", ""),
      (parameterCount(config) / 1e9).toFixed(2),
    ]),
  );
  assert.deepEqual(billions, {
    "0.5B": "0.49",
    "1.5B": "1.54",
    "3B": "3.09",
    "7B": "7.62",
    "14B": "14.77",
    "32B": "32.76",
  });
});

Deno.test("estimate() takes the best form of the weights that fits, and says when none does", () => {
  const small = (gigabytes: number): Machine => ({ ...MEASURED, memoryBytes: gigabytes * 1e9 });
  const { sft } = USUAL_WORKLOADS;
  assert.deepEqual(
    [25, 2, 0.5].map((gigabytes) => {
      const { precision, fits } = estimate(SMALLEST, sft, small(gigabytes));
      return [precision, fits];
    }),
    [["float32", true], ["4bit", true], ["4bit", false]],
  );
});

Deno.test("estimate() of a cluster divides time and weights among its cards", () => {
  const model = PUBLISHED_MODELS["Qwen/Qwen2.5-32B"];
  const on = (devices: number, work: Workload) => estimate(model, work, cluster("H100", devices));
  const [four, eight] = [on(4, USUAL_WORKLOADS.sft), on(8, USUAL_WORKLOADS.sft)];
  isNear(eight.seconds, four.seconds / 2, 1e-9);
  isNear(eight.deviceHours, four.deviceHours, 1e-9);
  assert.ok(eight.memoryBytes < four.memoryBytes);
  // Each copy that writes reads all of its weights for each token, however many copies there are.
  const [few, many] = [on(4, USUAL_WORKLOADS.grpo), on(8, USUAL_WORKLOADS.grpo)];
  assert.ok(many.writingSeconds < few.writingSeconds && many.writingSeconds > 0.9 * few.writingSeconds);
  assert.equal(estimate(model, USUAL_WORKLOADS.sft, oneCard("RTX 4090")).fits, false);
  assert.throws(() => cluster("H100", 0), /devices: expected a whole number above 0, got 0/);
});

Deno.test("estimate() grows with the work", () => {
  const count = fc.integer({ min: 1, max: 2000 });
  const machines = fc.constantFrom(MEASURED, oneCard("H200"), cluster("A100", 2));
  fc.assert(
    fc.property(machines, count, fc.integer({ min: 16, max: 1024 }), (machine, rows, tokens) => {
      const once = estimate(SMALLEST, { method: "sft", rows, tokens, epochs: 1 }, machine);
      const twice = estimate(SMALLEST, { method: "sft", rows: 2 * rows, tokens, epochs: 1 }, machine);
      const longer = estimate(SMALLEST, { method: "sft", rows, tokens: tokens + 1, epochs: 1 }, machine);
      const pairs = estimate(SMALLEST, { method: "dpo", rows, tokens, epochs: 1 }, machine);
      isNear(twice.seconds, 2 * once.seconds, 1e-9);
      assert.equal(twice.memoryBytes, once.memoryBytes);
      assert.ok(longer.seconds > once.seconds && longer.memoryBytes >= once.memoryBytes);
      assert.ok(pairs.seconds > 2 * once.seconds);
    }),
    { numRuns: 15 },
  );
});

Deno.test("CARDS compute more in bfloat16 than in float32", () => {
  for (const { float32, bfloat16 } of Object.values(CARDS)) assert.ok(bfloat16 > float32);
});
