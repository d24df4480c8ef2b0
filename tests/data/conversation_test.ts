import assert from "node:assert/strict";
import {
  generateWordProblems,
  REASONING_PROMPT,
  REASONING_PROMPT_WITH_LAYOUT,
  toReasoningChat,
} from "../../lib/data/mod.ts";
import { gsm8kFiveRewards, gsm8kTagRewards } from "../../lib/train/rewards/mod.ts";

const row = { question: "How many?", answer: "Tom has 30*40=<<30*40=1200>>1,200 pens.\nAll.\n#### 1,200" };

Deno.test("toReasoningChat() writes prompt, prefill, completion and the bare answer", () => {
  assert.deepEqual(toReasoningChat(row), {
    prompt: [{ role: "system", content: REASONING_PROMPT }, { role: "user", content: "How many?" }],
    prefill: "<think>\n",
    completion: "Tom has 30*40=1,200 pens.\nAll.\n</think>\n<answer>\n1200\n</answer>",
    answer: "1200",
  });
});

Deno.test("toReasoningChat() keeps annotations and takes another system prompt when asked", () => {
  const chat = toReasoningChat(row, { annotations: "keep", systemPrompt: REASONING_PROMPT_WITH_LAYOUT });
  assert.ok(chat.completion.startsWith("Tom has 30*40=<<30*40=1200>>1,200 pens."));
  assert.equal(chat.prompt[0].content, REASONING_PROMPT_WITH_LAYOUT);
});

Deno.test("toReasoningChat() completions earn full marks from both reward sets", async () => {
  const chats = [row, ...generateWordProblems({ count: 50 })].map((problem) => toReasoningChat(problem));
  const batch = {
    prompts: chats.map(() => ""),
    completions: chats.map((chat) => chat.completion),
    completionIds: chats.map(() => []),
    answer: chats.map((chat) => chat.answer),
  };
  const prefill = chats[0].prefill;
  for (const [set, most] of [[gsm8kTagRewards({ prefill }), 2], [gsm8kFiveRewards({ prefill }), 4]] as const) {
    const totals = chats.map(() => 0);
    for (const reward of Object.values(set)) (await reward(batch)).forEach((value, i) => totals[i] += value!);
    assert.deepEqual(totals, chats.map(() => most));
  }
});
