import assert from "node:assert/strict";
import { scriptedChatModel } from "../../../lib/agent/chat/mod.ts";
import { chatJudge, type FailureKind, isJudgeFailure } from "../../../lib/agent/judge/mod.ts";
import { breakingServer, chatServer, eventStream, failure } from "../chat/chat_server.ts";
import { delta, USAGE } from "../chat/openai_endpoint.ts";
import { ANSWER, GOOD_STEP, modelOf, RIGHT, says, STEP } from "./judge_items.ts";

const half = [delta({ content: '{"reason": "It' })];

Deno.test("chatJudge() makes every trouble a failure that says what it was, and no number", async () => {
  const cut = eventStream([delta({ content: JSON.stringify(GOOD_STEP) }), delta({}, "length"), USAGE]);
  const cases: [FailureKind, () => Response, RegExp][] = [
    ["rateLimit", failure(429, "quota of today"), /quota of today/],
    ["endpoint", failure(500, "out of memory"), /out of memory/],
    ["endpoint", failure(401, "wrong key"), /wrong key.*apiKey/],
    ["endpoint", () => new Response("hello"), /broken off/],
    ["endpoint", eventStream(half), /broken off/],
    ["timeout", eventStream([], { after: "hang" }), /nothing came/],
    ["timeout", eventStream(half, { after: "hang" }), /nothing came/],
    ["refused", eventStream([delta({}, "content_filter"), USAGE]), /held the judgement back/],
    ["malformed", says(""), /of the last, it does not end in a JSON object: nothing/],
    ["malformed", says("It is quite coherent: 0.9."), /JSON object: "It is quite/],
    ["malformed", says({ ...GOOD_STEP, coherence: 9 }), /coherence/],
    ["malformed", says({ ...GOOD_STEP, relevance: "high" }), /relevance/],
    ["malformed", says({ coherence: 1, rationality: 1 }), /relevance/],
    ["malformed", cut, /cut off/],
  ];
  for (const [kind, answer, message] of cases) {
    await using server = chatServer(answer);
    const judge = chatJudge({ model: modelOf(server, { timeout: 80 }), maxRetries: 1 });
    const [verdict] = await judge.judgeSteps([STEP]);
    assert.ok(isJudgeFailure(verdict), String(message));
    assert.deepEqual([verdict.failure, Object.keys(verdict)], [kind, ["failure", "message"]], verdict.message);
    assert.match(verdict.message, message);
    const { failures, calls, retries } = judge.cost;
    assert.equal(failures[kind], 1);
    assert.equal(Object.values(failures).reduce((sum, count) => sum + count), 1);
    assert.deepEqual([calls, calls - retries], [server.asked.length, 1], verdict.message);
  }
});

Deno.test("chatJudge() asks again for a malformed reply, and shows the model what it wrote", async () => {
  await using server = chatServer(says("Quite good."), says({ ...GOOD_STEP, coherence: 8 }), says(GOOD_STEP));
  const judge = chatJudge({ model: modelOf(server) });
  assert.deepEqual(await judge.judgeSteps([STEP]), [GOOD_STEP]);
  const { calls, retries, promptTokens, failures } = judge.cost;
  assert.deepEqual([calls, retries, promptTokens, failures.malformed], [3, 2, 63, 0]);
  const messages = server.asked[2].body.messages as { role: string; content: string }[];
  assert.deepEqual(messages.map(({ role }) => role), ["system", "user", "assistant", "user"]);
  assert.match(messages[2].content, /"coherence":8/);
  assert.match(messages[3].content, /cannot be read: coherence: /);
});

Deno.test("chatJudge() asks again for a reply that broke off, and counts its tokens as estimates", async () => {
  await using server = chatServer(eventStream(half), says(RIGHT));
  const judge = chatJudge({ model: modelOf(server) });
  assert.deepEqual(await judge.judgeAnswers([ANSWER]), [RIGHT]);
  assert.deepEqual([judge.cost.calls, judge.cost.retries, judge.cost.isEstimated], [2, 1, true]);
  assert.ok(judge.cost.promptTokens > 21);
  await using breaking = breakingServer(half);
  const [verdict] = await chatJudge({ model: modelOf(breaking), maxRetries: 0 }).judgeAnswers([ANSWER]);
  assert.ok(isJudgeFailure(verdict) && verdict.failure === "endpoint");
});

Deno.test("chatJudge() leaves waiting for a busy endpoint to the model, and does not ask anew after it", async () => {
  const busy = failure(429, "busy", { "retry-after": "0", "retry-after-ms": "1" });
  await using server = chatServer(busy, busy, says(RIGHT));
  const judge = chatJudge({ model: modelOf(server, { maxRetries: 2 }) });
  assert.deepEqual(await judge.judgeAnswers([ANSWER]), [RIGHT]);
  assert.deepEqual([server.asked.length, judge.cost.calls, judge.cost.retries], [3, 1, 0]);
  await using always = chatServer(busy);
  const [verdict] = await chatJudge({ model: modelOf(always, { maxRetries: 1 }) }).judgeAnswers([ANSWER]);
  assert.ok(isJudgeFailure(verdict) && verdict.failure === "rateLimit");
  assert.equal(always.asked.length, 2);
});

Deno.test("chatJudge() gives up a call that writes on and on", async () => {
  await using server = chatServer(eventStream(Array(10_000).fill(delta({ content: "and " })), { pieceBytes: 200 }));
  const judge = chatJudge({ model: modelOf(server), timeout: 100 });
  const [verdict] = await judge.judgeAnswers([ANSWER]);
  assert.ok(isJudgeFailure(verdict));
  assert.deepEqual(verdict, { failure: "timeout", message: "some-judge: no judgement came in 0.1 s" });
  assert.deepEqual([judge.cost.calls, judge.cost.isEstimated], [1, true]);
});

Deno.test("chatJudge() lets one failure harm no other item", async () => {
  const items = Array.from({ length: 9 }, (_, i) => ({ ...ANSWER, answer: `It is ${i}.` }));
  const model = scriptedChatModel(({ messages }) => {
    const number = Number(/It is (\d+)/.exec(String(messages[1].content))![1]);
    if (number % 3 === 0) return { failure: new TypeError(`no ${number}`) };
    return { text: number % 3 === 1 ? JSON.stringify(RIGHT) : "?" };
  });
  const judge = chatJudge({ model, maxRetries: 1 });
  const verdicts = await judge.judgeAnswers(items);
  const kinds = verdicts.map((verdict) => isJudgeFailure(verdict) ? verdict.failure : "judged");
  assert.deepEqual(kinds, items.map((_, i) => (["endpoint", "judged", "malformed"] as const)[i % 3]));
  assert.deepEqual(verdicts[3], { failure: "endpoint", message: "scripted: no 3" });
  const { failures, calls, retries } = judge.cost;
  assert.deepEqual([failures.endpoint, failures.malformed, calls, retries], [3, 3, 12, 3]);
});
