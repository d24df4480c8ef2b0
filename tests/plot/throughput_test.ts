import assert from "node:assert/strict";
import { throughputCurve } from "../../lib/plot/mod.ts";
import { tokenRates } from "../../lib/plot/throughput.ts";
import { texts } from "./drawing.ts";

const rates = (rows: Record<string, unknown>[]) => tokenRates(rows).map((row) => row.tokens_per_second);

Deno.test("tokenRates() divides the growth of num_tokens by the step's seconds", () => {
  assert.deepEqual(
    rates([
      { step: 1, num_tokens: 100, step_time: 2 },
      { step: 2, num_tokens: 400, step_time: 3 },
    ]),
    [50, 100],
  );
});

Deno.test("tokenRates() says nothing where the rows do not tell what one step took", () => {
  assert.deepEqual(
    rates([
      { step: 41, num_tokens: 9000, step_time: 1 },
      { step: 42, num_tokens: 9300, step_time: 1 },
      { step: 50, num_tokens: 12_000, step_time: 1 },
      { step: 51, num_tokens: 100, step_time: 1 },
      { step: 52, num_tokens: 300, step_time: 0 },
      { step: 53, num_tokens: 600 },
    ]),
    [undefined, 300, undefined, undefined, undefined, undefined],
  );
});

Deno.test("tokenRates() keeps a rate that is logged", () => {
  assert.deepEqual(rates([{ step: 1, num_tokens: 100, step_time: 2, tokens_per_second: 7 }]), [7]);
});

Deno.test("throughputCurve() draws it, also of several runs", () => {
  const rows = [1, 2, 3].map((step) => ({ step, num_tokens: 500 * step, step_time: 1 }));
  assert.ok(texts(throughputCurve(rows)).includes("last 500"));
  assert.ok(texts(throughputCurve({ runs: { a: rows, b: rows } })).includes("b"));
});
