import assert from "node:assert/strict";
import { lexicalAnswerJudge, scorePairJudge } from "../../../lib/agent/judge/mod.ts";
import { PAIR } from "./judge_items.ts";

Deno.test("lexicalAnswerJudge() compares as HotpotQA does, words and no meaning", async () => {
  const cases: [answer: string, reference: string, isRight: boolean][] = [
    ["The Beatles.", "beatles", true],
    ["  42 ", "42", true],
    ["YES", "yes", true],
    ["", "42", false],
    ["three", "3", false],
    ["It is 42.", "42", false],
    ["USA", "United States", false],
  ];
  const judge = lexicalAnswerJudge();
  const verdicts = await judge.judgeAnswers(cases.map(([answer, reference]) => ({ question: "?", answer, reference })));
  assert.deepEqual(verdicts, cases.map(([, , isRight]) => ({ isRight })));
  assert.equal(judge.cost.calls, 0);
  const reason = new Error("enough");
  await assert.rejects(judge.judgeAnswers([], { signal: AbortSignal.abort(reason) }), reason);
});

Deno.test("scorePairJudge() prefers the higher number, and nothing within the margin", async () => {
  const judge = scorePairJudge({ name: "length", score: (_, { length }) => length, margin: 2 });
  const pairs = [["abcd", "a"], ["a", "abcd"], ["abc", "a"]].map(([first, second]) => ({ ...PAIR, first, second }));
  assert.deepEqual(await judge.judgePairs(pairs), [{ preferred: "first" }, { preferred: "second" }, {
    preferred: "tie",
  }]);
});

Deno.test("scorePairJudge() fails where a number is none, and counts it", async () => {
  const judge = scorePairJudge({ name: "odd", score: (_, answer) => answer === PAIR.first ? NaN : 1 });
  const [verdict] = await judge.judgePairs([PAIR]);
  assert.deepEqual(verdict, {
    failure: "malformed",
    message: "odd: the scores are NaN and 1: expected finite numbers",
  });
  assert.equal(judge.cost.failures.malformed, 1);
  assert.throws(() => scorePairJudge({ name: "odd", score: () => 1, margin: -1 }), /margin: .*got -1/);
});
