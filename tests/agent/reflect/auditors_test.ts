import assert from "node:assert/strict";
import { scriptedChatModel } from "../../../lib/agent/chat/mod.ts";
import { chatAuditor, houseAuditor, withoutEvidence } from "../../../lib/agent/reflect/mod.ts";
import { critiquePrompt, recheckRequest, REFINE_REQUEST } from "../../../lib/data/mod.ts";
import { MENDED, PROBLEM, RIGHT, WARFARIN, written } from "./warfarin_case.ts";

Deno.test("chatAuditor() reads critiques in fences, among words and with further fields", async () => {
  const full =
    '{"verdict": "revise", "problems": [{"kind": "Off_Topic", "quote": "stars", "reason": "no medicine"}], "score": 3}';
  for (const text of [full, "```json\n" + full + "\n```", `Here it is: ${full} I hope that helps.`]) {
    const talk = chatAuditor(scriptedChatModel([{ text }])).begin(WARFARIN);
    const reply = await talk.critique();
    assert.ok("value" in reply, text);
    assert.deepEqual(reply.value, { verdict: "revise", problems: [{ kind: "off topic", quote: "stars" }] });
  }
});

Deno.test("chatAuditor() asks again with what is wrong, and sums up the tokens", async () => {
  const model = scriptedChatModel(["Fine!", { text: '{"verdict": "maybe"}' }, written(PROBLEM)], {
    countTokens: () => 10,
  });
  const reply = await chatAuditor(model, { maxRetries: 2 }).begin(WARFARIN).critique();
  assert.ok("value" in reply);
  assert.equal(reply.usage.promptTokens, 30);
  assert.match(String(model.requests[1].messages.at(-1)?.content), /holds no JSON object/);
  assert.match(String(model.requests[2].messages.at(-1)?.content), /verdict/);
});

Deno.test("chatAuditor() counts the tokens of a reply that breaks off", async () => {
  const model = scriptedChatModel([{ text: "some words before", failure: new Error("lost") }]);
  const reply = await chatAuditor(model).begin(WARFARIN).critique();
  assert.ok("failure" in reply && reply.failure.kind === "endpoint");
  assert.ok(reply.usage.promptTokens > 0 && reply.usage.completionTokens > 0 && reply.usage.isEstimated);
});

Deno.test("chatAuditor() takes a mended answer out of its fence, and refuses numbers that cannot be", async () => {
  const talk = chatAuditor(scriptedChatModel(["```\n" + RIGHT + "\n```"])).begin(WARFARIN);
  const reply = await talk.refine([PROBLEM]);
  assert.ok("value" in reply && reply.value === RIGHT);
  for (const options of [{ timeoutMs: 0 }, { maxRetries: -1 }, { maxTokens: 1.5 }]) {
    assert.throws(() => chatAuditor(scriptedChatModel([]), options), RangeError);
  }
});

Deno.test("houseAuditor() keeps to the chat that the house model was taught", async () => {
  const model = scriptedChatModel([written(), `${MENDED} ${RIGHT}`, written()]);
  const talk = houseAuditor(model).begin(WARFARIN);
  await talk.critique();
  await talk.refine([PROBLEM]);
  await talk.recheck(`${MENDED} ${RIGHT}`);
  const first = critiquePrompt(WARFARIN);
  const [asked, mending, again] = model.requests.map(({ messages }) => messages);
  assert.deepEqual(asked, first);
  // The mending is asked for after the problems that count, not after what the model said.
  const said = {
    role: "assistant",
    content: `{"verdict": "revise", "problems": [{"kind": "${PROBLEM.kind}", "quote": "${PROBLEM.quote}"}]}`,
  };
  assert.deepEqual(mending, [...first, said, { role: "user", content: REFINE_REQUEST }]);
  assert.deepEqual(again.slice(mending.length), [
    { role: "assistant", content: `${MENDED} ${RIGHT}` },
    { role: "user", content: recheckRequest(`${MENDED} ${RIGHT}`) },
  ]);
});

Deno.test("houseAuditor() draws again what cannot be read, not greedily", async () => {
  const model = scriptedChatModel(["no", written()]);
  const reply = await houseAuditor(model).begin(WARFARIN).critique();
  assert.ok("value" in reply);
  assert.deepEqual(model.requests.map(({ temperature }) => temperature), [0, 0.7]);
});

Deno.test("houseAuditor() shortens evidence to what matters, with its numbers", async () => {
  const filler = "The history of this medicine is long and full of famous chemists. ";
  const evidence = WARFARIN.evidence.map((text) => filler.repeat(5) + text + " " + filler.repeat(5));
  const countTokens = (messages: readonly { content?: unknown }[]) =>
    messages.reduce((sum, { content }) => sum + Math.ceil(String(content).length / 4), 0);
  const model = scriptedChatModel([written()], { countTokens });
  await houseAuditor(model, { maxPromptTokens: 230 }).begin({ ...WARFARIN, evidence }).critique();
  const prompt = String(model.requests[0].messages[1].content);
  assert.match(prompt, /\[2\] [^\n]*People who take warfarin should avoid aspirin/);
  assert.match(prompt, /\[3\] [^\n]*rest in a dark room/);
  assert.ok(countTokens(model.requests[0].messages) <= 230);
});

Deno.test("withoutEvidence() shows the draft and the question alone", async () => {
  const model = scriptedChatModel([written()]);
  await withoutEvidence(houseAuditor(model)).begin(WARFARIN).critique();
  const prompt = String(model.requests[0].messages[1].content);
  assert.ok(!prompt.includes("warfarin") && prompt.includes(WARFARIN.question) && prompt.includes(WARFARIN.draft));
});
