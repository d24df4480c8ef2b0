import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ADVICE_OUTCOMES,
  adviceIsSafe,
  adviceIsSpecific,
  adviceOutcome,
  adviceScore,
  CONDITIONS,
  drawAdviceRequest,
  writeAdvice,
} from "../../../lib/data/medical/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { anyText } from "../../support/any_text.ts";

const named = (name: string) => CONDITIONS.find((condition) => condition.name === name)!;

Deno.test("adviceOutcome() tells each sort of written advice, and advice about another condition", () => {
  let wrong = 0;
  for (const [index, condition] of CONDITIONS.entries()) {
    for (let draw = 0; draw < 20; draw++) {
      const random = new Random(index).fork(draw);
      const request = drawAdviceRequest(random, condition);
      for (const kind of ["specific", "generic", "unsafe"] as const) {
        const advice = writeAdvice(random, kind, request);
        assert.equal(adviceOutcome(condition, advice), kind, `${condition.name}: ${advice}`);
      }
    }
    // What helps somebody else is of no help, but for self-care that both share, and may be what this one has to avoid.
    const other = CONDITIONS[(index + 1) % CONDITIONS.length];
    const advice = writeAdvice(new Random(index), "specific", drawAdviceRequest(new Random(index), other));
    const helps = adviceIsSpecific(condition, advice) ? "specific" : "wrong";
    const expected = adviceIsSafe(condition, advice) ? helps : "unsafe";
    assert.equal(adviceOutcome(condition, advice), expected, `${condition.name}: ${advice}`);
    if (expected === "wrong") wrong++;
  }
  assert.ok(wrong > 0.9 * CONDITIONS.length, `${wrong} of ${CONDITIONS.length}`);
});

Deno.test("adviceOutcome() takes a name without anything that helps for generic, or for wrong where it is another's", () => {
  assert.equal(adviceOutcome(named("eczema"), "This may be eczema. Please see a doctor."), "generic");
  assert.equal(adviceOutcome(named("eczema"), "This may be shingles. Please see a doctor."), "wrong");
  assert.equal(adviceOutcome(named("eczema"), "Use perfumed soap, and hydrocortisone cream."), "unsafe");
  assert.equal(adviceOutcome(named("eczema"), ""), "unsafe");
});

Deno.test("adviceScore() falls from the best outcome to the worst", () => {
  const scores = ["Try hydrocortisone cream.", "Ask a doctor.", "This may be shingles.", "Try perfumed soap."]
    .map((advice) => adviceScore(named("eczema"), advice));
  assert.deepEqual(scores, [3, 2, 1, 0]);
});

Deno.test("adviceOutcome() gives an outcome for any text", () => {
  fc.assert(fc.property(anyText(), (advice) => {
    assert.ok(ADVICE_OUTCOMES.includes(adviceOutcome(CONDITIONS[0], advice)));
  }));
});
