import assert from "node:assert/strict";
import fc from "fast-check";
import { type CollapseLimits, collapseWarnings } from "../../lib/r3/collapse.ts";

type Row = Parameters<typeof collapseWarnings>[0][number];

/** What a round logs instead. */
type Change = (round: number) => Partial<Record<string, number>>;

/** Forty rounds of two updates that go well, but for what `change` makes of a round. */
function run(change: Change = () => ({}), updates = 2): Row[] {
  return Array.from({ length: 40 }, (_, round) => {
    const row = {
      episode: 64 * (round + 1),
      "objective/scores": 1 + round / 100,
      "objective/kl": round / 10,
      "policy/entropy_avg": 0.4 - round / 200,
      "r3/format": 0.97,
      "r3/step_tokens": 30 + (round % 3),
      "r3/em": 0.5 + round / 200,
      ...change(round),
    };
    return Array.from({ length: updates }, (_, update) => ({ step: updates * round + update + 1, ...row }) as Row);
  }).flat();
}

const signs = (rows: readonly Row[], limits?: CollapseLimits) => collapseWarnings(rows, limits).map(({ sign }) => sign);

Deno.test("collapseWarnings() finds nothing in a run that goes well", () => {
  assert.deepEqual(collapseWarnings(run()), []);
  assert.deepEqual(collapseWarnings([]), []);
  assert.deepEqual(collapseWarnings(run().slice(0, 3)), []);
});

const COLLAPSES: Record<string, Change> = {
  format: (round) => round < 20 ? {} : { "r3/format": 0.7 },
  length: (round) => round < 20 ? {} : { "r3/step_tokens": 90 },
  entropy: (round) => round < 20 ? {} : { "policy/entropy_avg": 0.01 },
  kl: (round) => round < 20 ? {} : { "objective/kl": 50 },
  "reward hacking": (round) => round < 20 ? {} : { "r3/em": 0.2 },
};
for (const [sign, change] of Object.entries(COLLAPSES)) {
  Deno.test(`collapseWarnings() finds ${sign}, once, soon after it begins`, () => {
    const warnings = collapseWarnings(run(change));
    assert.deepEqual(warnings.map((warning) => warning.sign), [sign]);
    const { step, message } = warnings[0];
    assert.ok(step > 40 && step <= 2 * 24 + 1, message);
    assert.match(message, new RegExp(`^step ${step}: `));
  });
}

Deno.test("collapseWarnings() finds steps that become too short", () => {
  assert.deepEqual(signs(run((round) => round < 20 ? {} : { "r3/step_tokens": 9 })), ["length"]);
});

Deno.test("collapseWarnings() counts each round once, however many updates it has", () => {
  for (const change of Object.values(COLLAPSES)) {
    assert.deepEqual(signs(run(change, 1)), signs(run(change, 8)));
  }
});

Deno.test("collapseWarnings() forgives a single bad round, and a run that began with little form", () => {
  assert.deepEqual(signs(run((round) => round === 20 ? { "r3/format": 0.75, "r3/em": 0.4 } : {})), []);
  assert.deepEqual(signs(run(() => ({ "r3/format": 0.6 }))), []);
  assert.deepEqual(signs(run((round) => ({ "r3/format": round < 20 ? 0.6 : 0.5 }))), ["format"]);
});

Deno.test("collapseWarnings() takes other limits", () => {
  assert.deepEqual(signs(run(COLLAPSES.kl), { kl: 100 }), []);
  assert.deepEqual(signs(run(), { kl: 1 }), ["kl"]);
});

Deno.test("collapseWarnings() takes rows that lack metrics or have none that is finite", () => {
  const value = fc.oneof(fc.double(), fc.constant(undefined as unknown as number));
  const row = fc.record({
    step: fc.nat(),
    episode: fc.nat(),
    "objective/scores": value,
    "objective/kl": value,
    "r3/em": value,
    "r3/format": value,
    "policy/entropy_avg": value,
  }, { requiredKeys: ["step"] });
  fc.assert(fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
    const warnings = collapseWarnings(rows as Row[]);
    assert.equal(new Set(warnings.map(({ sign }) => sign)).size, warnings.length);
  }));
});
