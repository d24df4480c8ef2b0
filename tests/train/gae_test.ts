import assert from "node:assert/strict";
import fc from "fast-check";
import { generalizedAdvantages, whitened } from "../../lib/train/mod.ts";

const number = fc.double({ min: -5, max: 5, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const steps = fc.array(fc.record({ reward: number, value: number }), { maxLength: 12 });

function near(actual: number, expected: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${what}: ${actual}, not ${expected}`,
  );
}

Deno.test("generalizedAdvantages() is the discounted sum of all later surprises", () => {
  fc.assert(fc.property(steps, share, share, (list, gamma, lam) => {
    const [rewards, values] = [list.map(({ reward }) => reward), list.map(({ value }) => value)];
    const { advantages, returns } = generalizedAdvantages(rewards, values, { gamma, lam });
    const surprise = (t: number) => rewards[t] + gamma * (values[t + 1] ?? 0) - values[t];
    list.forEach((_, t) => {
      let sum = 0;
      for (let k = 0; t + k < list.length; k++) sum += (gamma * lam) ** k * surprise(t + k);
      near(advantages[t], sum, `advantage ${t}`);
      near(returns[t], sum + values[t], `return ${t}`);
    });
  }));
});

Deno.test("generalizedAdvantages() with gamma = lam = 1 returns the sum of the rewards to come, whatever the values", () => {
  fc.assert(fc.property(steps, (list) => {
    const [rewards, values] = [list.map(({ reward }) => reward), list.map(({ value }) => value)];
    const { returns } = generalizedAdvantages(rewards, values, { gamma: 1, lam: 1 });
    returns.forEach((value, t) => near(value, rewards.slice(t).reduce((a, b) => a + b), `return ${t}`));
  }));
});

Deno.test("generalizedAdvantages() with TRL's defaults does what a calculation by hand does", () => {
  const { advantages, returns } = generalizedAdvantages([0, 1], [0.5, 0.25]);
  near(advantages[1], 0.75, "the last one");
  near(advantages[0], 0.25 - 0.5 + 0.95 * 0.75, "the first one");
  near(returns[1], 1, "what came");
  assert.deepEqual(generalizedAdvantages([], []), { advantages: [], returns: [] });
  assert.throws(() => generalizedAdvantages([1, 2], [1]), /2 rewards but 1 values/);
});

Deno.test("whitened() has mean 0 and deviation 1 over all rows, however they are cut, or keeps the mean", () => {
  const list = fc.array(number, { minLength: 2, maxLength: 20 }).filter((row) =>
    Math.max(...row) - Math.min(...row) > 0.1
  );
  fc.assert(fc.property(list, fc.nat(), (row, cut) => {
    const at = cut % row.length;
    const whole = whitened([row])[0];
    const parts = whitened([row.slice(0, at), row.slice(at)]).flat();
    assert.deepEqual(parts, whole);
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    near(mean(whole), 0, "mean");
    const deviation = Math.sqrt(whole.reduce((sum, value) => sum + value ** 2, 0) / (row.length - 1));
    assert.ok(Math.abs(deviation - 1) < 1e-4, `deviation ${deviation}`);
    near(mean(whitened([row], { shiftMean: false })[0]), mean(row), "the mean put back");
  }));
  assert.deepEqual(whitened([[3], []]), [[0], []]);
});
