import assert from "node:assert/strict";
import { AGENT_QUESTION_KINDS, drawAgentQuestions } from "../../../lib/agent/mod.ts";
import { goldAnswer, wordProblemAt } from "../../../lib/data/mod.ts";

Deno.test("drawAgentQuestions() gives as many of each kind, all different, with their way", () => {
  const drawn = drawAgentQuestions(6, { seed: 1 });
  assert.equal(new Set(drawn.map(({ question }) => question)).size, 6 * AGENT_QUESTION_KINDS.length);
  for (const kind of AGENT_QUESTION_KINDS) {
    const own = drawn.filter((question) => question.kind === kind);
    assert.equal(own.length, 6, kind);
    const ways = new Set(own.map(({ path }) => path));
    assert.deepEqual([...ways], [
      kind === "small talk" ? "reply" : kind === "word problem" || kind === "vignette" ? "reasoning" : "tools",
    ]);
    const routes = new Set(own.map(({ route }) => route));
    if (kind === "daily" || kind === "small talk") assert.deepEqual([...routes], [null]);
    else assert.ok(!routes.has(null), kind);
  }
  const isGraded = drawn.map(({ kind, isRight }) => [kind, isRight !== undefined] as const);
  assert.ok(
    isGraded.every(([kind, graded]) => graded !== (kind === "look-up" || kind === "daily") || kind === "small talk"),
  );
});

Deno.test("drawAgentQuestions() knows right answers from wrong ones", () => {
  const drawn = drawAgentQuestions(5, { seed: 2, split: "test" });
  const problem = drawn.find(({ kind }) => kind === "word problem")!;
  const { answer } = wordProblemAt(0, { seed: 2, split: "test" });
  assert.deepEqual([goldAnswer(answer), "no number", "123456"].map((reply) => problem.isRight!(reply)), [
    true,
    false,
    false,
  ]);
  for (const { isRight } of drawn) assert.notEqual(isRight?.("Purple."), true);
});

Deno.test("drawAgentQuestions() shares no question between the splits, and draws the same again", () => {
  const told = (options: Parameters<typeof drawAgentQuestions>[1]) =>
    drawAgentQuestions(30, options).map(({ question }) => question);
  const [train, test] = [told({ seed: 3 }), told({ seed: 3, split: "test" })];
  assert.deepEqual(train.filter((question) => test.includes(question)), []);
  assert.deepEqual(told({ seed: 3 }), train);
  assert.notDeepEqual(told({ seed: 4 }), train);
  assert.throws(() => drawAgentQuestions(0), /count: expected a whole number above 0, got 0/);
});
