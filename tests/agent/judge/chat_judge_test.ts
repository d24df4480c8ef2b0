import assert from "node:assert/strict";
import { geminiChatModel, localChatModel, scriptedChatModel } from "../../../lib/agent/chat/mod.ts";
import { chatJudge, flagField, isJudgeFailure, type JudgeTask, replyForm } from "../../../lib/agent/judge/mod.ts";
import { STEP_TASK } from "../../../lib/agent/judge/house_tasks.ts";
import { judgeMessages } from "../../../lib/agent/judge/judge_task.ts";
import { withHouseModel } from "../../support/house_model.ts";
import { chatServer, eventStream } from "../chat/chat_server.ts";
import { ANSWER, GOOD_STEP, modelOf, PAIR, RIGHT, says, STEP } from "./judge_items.ts";

const answersOf = (count: number) => Array.from({ length: count }, (_, i) => ({ ...ANSWER, answer: `It is ${i}.` }));

Deno.test("chatJudge() judges steps and answers over an OpenAI-compatible endpoint", async () => {
  await using server = chatServer(says(GOOD_STEP), says("Let me see.\n```json\n" + JSON.stringify(RIGHT) + "\n```"));
  const judge = chatJudge({ model: modelOf(server), prices: { prompt: 2, completion: 10 } });
  assert.deepEqual(await judge.judgeSteps([STEP]), [GOOD_STEP]);
  assert.deepEqual(await judge.judgeAnswers([ANSWER]), [RIGHT]);
  assert.equal(judge.name, "some-judge");
  assert.deepEqual(judge.cost, {
    calls: 2,
    cached: 0,
    retries: 0,
    failures: { timeout: 0, rateLimit: 0, malformed: 0, refused: 0, endpoint: 0 },
    promptTokens: 42,
    completionTokens: 14,
    isEstimated: false,
    money: (42 * 2 + 14 * 10) / 1e6,
  });
  const [{ body }] = server.asked;
  assert.deepEqual([body.temperature, body.max_tokens], [0, 2048]);
});

Deno.test("chatJudge() judges over Gemini's interface", async () => {
  await using server = chatServer(eventStream([
    { candidates: [{ index: 0, content: { parts: [{ text: "Hm.", thought: true }] } }] },
    {
      candidates: [{ index: 0, content: { parts: [{ text: JSON.stringify(RIGHT) }] }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: 30, candidatesTokenCount: 9, thoughtsTokenCount: 4 },
    },
  ]));
  const model = geminiChatModel({ model: "gemini-some", apiKey: "secret", baseURL: `${server.origin}/v1beta` });
  const judge = chatJudge({ model });
  assert.deepEqual(await judge.judgeAnswers([ANSWER]), [RIGHT]);
  assert.deepEqual([judge.cost.promptTokens, judge.cost.completionTokens, judge.cost.money], [30, 13, null]);
});

Deno.test("chatJudge() judges by a task of one's own", async () => {
  const task: JudgeTask<{ text: string }, { isKind: boolean }> = {
    name: "kindness",
    instruction: 'You judge "text".',
    form: replyForm({ isKind: flagField("whether the text is kind") }),
    material: ({ text }) => ({ text }),
  };
  const model = scriptedChatModel(({ messages }) => ({
    text: JSON.stringify({ isKind: String(messages[1].content).includes("please") }),
  }));
  const verdicts = await chatJudge({ model }).judge(task, [{ text: "Go!" }, { text: "Go, please." }]);
  assert.deepEqual(verdicts, [{ isKind: false }, { isKind: true }]);
});

Deno.test("chatJudge() keeps the order of the items, and asks no more at once than it may", async () => {
  let [underWay, most] = [0, 0];
  const model = scriptedChatModel(async ({ messages }) => {
    most = Math.max(most, ++underWay);
    const number = Number(/It is (\d+)/.exec(String(messages[1].content))![1]);
    await new Promise((resolve) => setTimeout(resolve, (12 - number) % 5));
    underWay--;
    return { text: JSON.stringify({ reason: "", isRight: number % 2 === 0 }) };
  });
  const judge = chatJudge({ model, concurrency: 3 });
  const items = answersOf(12);
  const [one, other] = await Promise.all([judge.judgeAnswers(items.slice(0, 6)), judge.judgeAnswers(items.slice(6))]);
  const rights = [...one, ...other].map((verdict) => !isJudgeFailure(verdict) && verdict.isRight);
  assert.deepEqual(rights, items.map((_, i) => i % 2 === 0));
  assert.equal(most, 3);
});

Deno.test("chatJudge() asks once for what stands in a call several times", async () => {
  const model = scriptedChatModel([{ text: JSON.stringify(RIGHT) }]);
  const judge = chatJudge({ model });
  assert.deepEqual(await judge.judgeAnswers([ANSWER, ANSWER, ANSWER]), [RIGHT, RIGHT, RIGHT]);
  assert.deepEqual([judge.cost.calls, judge.cost.cached], [1, 2]);
  assert.deepEqual(await judge.judgeAnswers([]), []);
});

Deno.test("chatJudge() rejects with the signal's reason when it is aborted, before and midway", async () => {
  const reason = new Error("enough");
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  await using server = chatServer(eventStream([], { after: "hang", onCancel: resolve }));
  const judge = chatJudge({ model: modelOf(server), concurrency: 1 });
  await assert.rejects(judge.judgeAnswers([ANSWER], { signal: AbortSignal.abort(reason) }), reason);
  assert.equal(server.asked.length, 0);
  const controller = new AbortController();
  const judging = judge.judgeAnswers(answersOf(3), { signal: controller.signal });
  while (server.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort(reason);
  await assert.rejects(judging, reason);
  await gone;
  assert.equal(server.asked.length, 1);
  assert.deepEqual(Object.values(judge.cost.failures), [0, 0, 0, 0, 0]);
});

Deno.test("chatJudge() is aborted also where the model listens to no signal", async () => {
  const model = {
    name: "deaf",
    // deno-lint-ignore require-yield
    async *stream() {
      await new Promise(() => {});
    },
    countTokens: () => 1,
  };
  const controller = new AbortController();
  const judging = chatJudge({ model }).judgeAnswers([ANSWER], { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 10);
  await assert.rejects(judging, /enough/);
  const [timedOut] = await chatJudge({ model, timeout: 20 }).judgeAnswers([ANSWER]);
  assert.deepEqual(timedOut, { failure: "timeout", message: "deaf: no judgement came in 0.02 s" });
});

Deno.test("chatJudge() prefers of a pair what wins in both orders", async () => {
  const better = { reason: "Better.", better: "first" };
  const worse = { reason: "Worse.", better: "second" };
  const tie = { reason: "Same.", better: "tie" };
  const cases = [
    [better, worse, "first", 0],
    [worse, better, "second", 0],
    [tie, tie, "tie", 0],
    [better, better, "tie", 1],
    [worse, worse, "tie", 1],
    [better, tie, "tie", 1],
  ] as const;
  for (const [straight, crossed, preferred, disagreed] of cases) {
    const model = scriptedChatModel(({ messages }) => {
      const { first } = JSON.parse(String(messages[1].content));
      return { text: JSON.stringify(first === PAIR.first ? straight : crossed) };
    });
    const judge = chatJudge({ model });
    const [verdict] = await judge.judgePairs([PAIR]);
    const shown = model.requests.map(({ messages }) => JSON.parse(String(messages[1].content)));
    assert.deepEqual(shown, [PAIR, { ...PAIR, first: PAIR.second, second: PAIR.first }]);
    assert.ok(!isJudgeFailure(verdict));
    assert.equal(verdict.preferred, preferred);
    assert.deepEqual(judge.pairOrders, { judged: 1, disagreed });
  }
});

Deno.test("chatJudge() judges no pair of which an order failed, and asks nothing where both are the same", async () => {
  const model = scriptedChatModel(({ messages }) => {
    const { first } = JSON.parse(String(messages[1].content));
    return { text: first === PAIR.first ? '{"reason": "", "better": "first"}' : "I do not know." };
  });
  const judge = chatJudge({ model, maxRetries: 0, pairCriteria: "it is kind." });
  const same = { ...PAIR, second: PAIR.first };
  const [failed, tie] = await judge.judgePairs([PAIR, same]);
  assert.ok(isJudgeFailure(failed) && failed.failure === "malformed");
  assert.deepEqual(tie, { preferred: "tie" });
  assert.deepEqual([judge.cost.calls, judge.cost.failures.malformed], [2, 1]);
  assert.deepEqual(judge.pairOrders, { judged: 0, disagreed: 0 });
  assert.match(String(model.requests[0].messages[0].content), /better: it is kind\./);
});

Deno.test("chatJudge() says which option cannot be", () => {
  const model = scriptedChatModel([]);
  assert.throws(() => chatJudge({ model, concurrency: 0 }), /concurrency: .*got 0/);
  assert.throws(() => chatJudge({ model, maxRetries: 0.5 }), /maxRetries: .*got 0\.5/);
  assert.throws(() => chatJudge({ model, timeout: 0 }), /timeout: .*got 0/);
  assert.throws(() => chatJudge({ model, prices: { prompt: 1, completion: -1 } }), /prices\.completion: .*got -1/);
});

Deno.test("chatJudge() gets failures and no numbers of a local model that cannot judge", async () => {
  await withHouseModel(async ({ model, tokenizer }) => {
    const local = localChatModel({ model, tokenizer });
    const judge = chatJudge({ model: local, maxRetries: 0, maxTokens: 60 });
    const [verdict] = await judge.judgeSteps([STEP]);
    assert.ok(isJudgeFailure(verdict));
    assert.equal(verdict.failure, "malformed");
    assert.equal(judge.cost.promptTokens, local.countTokens(judgeMessages(STEP_TASK, STEP)));
    await local.dispose();
  });
});
