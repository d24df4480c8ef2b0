import assert from "node:assert/strict";
import fc from "fast-check";
import {
  combineRewards,
  gsm8kFiveRewards,
  gsm8kTagRewards,
  RewardError,
  type RewardFunction,
} from "../../../lib/train/rewards/mod.ts";

const batchOf = (completions: string[]) => ({
  prompts: completions.map(() => "q"),
  completions,
  completionIds: completions.map(() => [1, 2]),
});
const gives = (values: (number | null)[]): RewardFunction => () => values;

Deno.test("combineRewards() sums weighted rewards and keeps the parts", async () => {
  const combined = combineRewards(
    { length: ({ completions }) => completions.map((c) => c.length), one: gives([1, 1]) },
    {
      length: 0.5,
    },
  );
  assert.deepEqual(await combined(batchOf(["ab", "abcd"])), {
    parts: { length: [2, 4], one: [1, 1] },
    totals: [2, 3],
  });
});

Deno.test("combineRewards() leaves null out and reports a row of nulls as null", async () => {
  const combined = combineRewards({ a: gives([1, null, null]), b: gives([2, 3, null]) }, { a: 10 });
  assert.deepEqual((await combined(batchOf(["", "", ""]))).totals, [12, 3, null]);
});

Deno.test("combineRewards() waits for promises and passes the columns on", async () => {
  const longer: RewardFunction<{ target: number }> = async ({ completions, target }) => {
    await Promise.resolve();
    return completions.map((completion, i) => completion.length > target[i] ? 1 : 0);
  };
  const combined = combineRewards({ longer });
  assert.deepEqual((await combined({ ...batchOf(["abc", "abc"]), target: [2, 3] })).totals, [1, 0]);
});

Deno.test("combineRewards() gives the full marks of both GSM8K sets", async () => {
  const batch = {
    ...batchOf(["<think>\n1\n</think>\n<answer>\n42\n</answer>", "42"]),
    answer: ["42", "42"],
  };
  assert.deepEqual((await combineRewards(gsm8kTagRewards())(batch)).totals, [2, 0]);
  assert.deepEqual((await combineRewards(gsm8kFiveRewards())(batch)).totals, [4, 0]);
});

const failures: [name: string, reward: RewardFunction, row: number | null, message: RegExp][] = [
  ["too few rewards", gives([1]), 1, /^reward "bad", row 1: expected 3 rewards, one for each completion, got 1$/],
  ["too many rewards", gives([1, 1, 1, 1]), 3, /expected 3 rewards, one for each completion, got 4/],
  ["NaN", gives([1, NaN, 1]), 1, /^reward "bad", row 1: it returned NaN: expected a finite number, or null/],
  ["infinity", gives([1, 1, -Infinity]), 2, /row 2: it returned -Infinity/],
  ["undefined", (() => [undefined, 1, 1]) as unknown as RewardFunction, 0, /row 0: it returned undefined/],
  ["a text", (() => [1, "1", 1]) as unknown as RewardFunction, 1, /row 1: it returned 1/],
  ["a hole", (() => [1, , 1]) as unknown as RewardFunction, 1, /row 1: it returned undefined/],
  ["no list", (() => 1) as unknown as RewardFunction, null, /^reward "bad": expected 3 rewards.*got number/],
  ["a throw at one row", ({ completions }) => completions.map((c) => JSON.parse(c)), 1, /row 1: it threw SyntaxError/],
  ["a rejection", () => Promise.reject(new Error("judge is down")), 0, /row 0: it threw Error: judge is down/],
  [
    "a throw only for whole batches",
    ({ completions }) => {
      if (completions.length > 1) throw new Error("too many");
      return [1];
    },
    null,
    /^reward "bad": it threw Error: too many/,
  ],
];

for (const [name, reward, row, message] of failures) {
  Deno.test(`combineRewards() names the function and the row for ${name}`, async () => {
    const combined = combineRewards({ good: gives([1, 1, 1]), bad: reward });
    await assert.rejects(combined(batchOf(["1", "{", "{"])), (error) => {
      assert.ok(error instanceof RewardError);
      assert.match(error.message, message);
      assert.deepEqual([error.reward, error.row], ["bad", row]);
      return true;
    });
  });
}

Deno.test("combineRewards() rejects weights and columns that fit nothing", async () => {
  assert.throws(() => combineRewards({}), RangeError);
  assert.throws(() => combineRewards({ a: gives([1]) }, { a: NaN }), /the weight of "a" is NaN/);
  const misspelt: Record<string, number> = { b: 1 };
  assert.throws(() => combineRewards<string>({ a: gives([1]) }, misspelt), /a weight is given for "b"/);
  const columns = { ...batchOf(["x", "y"]), answer: ["1"] };
  await assert.rejects(combineRewards(gsm8kTagRewards())(columns), /column "answer" has 1 rows, but there are 2/);
});

Deno.test("combineRewards() total is the weighted sum for any rewards", async () => {
  const reward = fc.option(fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(reward, reward)), fc.integer({ min: -3, max: 3 }), async (rows, weight) => {
      const combined = combineRewards({ a: gives(rows.map(([a]) => a)), b: gives(rows.map(([, b]) => b)) }, {
        b: weight,
      });
      const { totals } = await combined(batchOf(rows.map(() => "")));
      rows.forEach(([a, b], row) => {
        if (a === null && b === null) assert.equal(totals[row], null);
        else assert.ok(Math.abs(totals[row]! - ((a ?? 0) + weight * (b ?? 0))) < 1e-9);
      });
    }),
  );
});
