import assert from "node:assert/strict";
import type { GeneratedExample } from "../../lib/data/mod.ts";
import { Tokenizer, tokenizerFiles, trainBpe } from "../../lib/tokenizer/mod.ts";
import { houseTokens, tokenizeExample } from "../../lib/train/mod.ts";

const tokenizer = new Tokenizer(
  "house",
  tokenizerFiles(
    await trainBpe({ texts: ["What is the weather in Oslo? Rain, again."], vocabSize: 300, addedTokens: houseTokens }),
  ),
);

/** The learned stretches of an example. */
function learned(example: Pick<GeneratedExample, "messages" | "tools" | "notLearned">): string[] {
  const { ids, lossMask } = tokenizeExample(tokenizer, example);
  const parts: number[][] = [];
  for (const [token, id] of ids.entries()) {
    if (!lossMask[token]) continue;
    if (!lossMask[token - 1]) parts.push([]);
    parts.at(-1)!.push(id);
  }
  return parts.map((part) => tokenizer.decode(part));
}

const user = { role: "user", content: "weather?" };

Deno.test("tokenizeExample() learns each turn of the assistant with its end, tool calls too", () => {
  const call = { type: "function" as const, function: { name: "weather", arguments: { city: "Oslo" } } };
  const messages = [
    { role: "system", content: "again" },
    user,
    { role: "assistant", content: "", tool_calls: [call] },
    { role: "tool", content: "Rain" },
    { role: "assistant", content: "Rain, again." },
  ];
  assert.deepEqual(learned({ messages }), [
    '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call><|im_end|>',
    "Rain, again.<|im_end|>",
  ]);
});

Deno.test("tokenizeExample() reads the turns in notLearned without learning them", () => {
  const messages = [user, { role: "assistant", content: "Oslo" }, user, { role: "assistant", content: "Rain" }];
  assert.deepEqual(learned({ messages, notLearned: [1] }), ["Rain<|im_end|>"]);
  assert.deepEqual(learned({ messages, notLearned: [3] }), ["Oslo<|im_end|>"]);
});

Deno.test("tokenizeExample() learns nothing of what a search found, and everything around it", () => {
  const content = "<think>\n<query>Oslo</query>\n<query_res>\nRain\n</query_res>\nRain, again.\n</think>";
  const [before, after, ...others] = learned({ messages: [user, { role: "assistant", content }] });
  assert.equal(before, "<think>\n<query>Oslo</query>\n");
  assert.equal(after, "\nRain, again.\n</think><|im_end|>");
  assert.deepEqual(others, []);
});

Deno.test("the house's tags are one token each, and stay in decoded text", () => {
  for (const tag of ["<answer>", "</answer>", "<query>", "</query>", "<query_res>", "</query_res>", "<results>"]) {
    const ids = tokenizer.encode(`a${tag}b`);
    assert.equal(ids.length, 3, tag);
    assert.equal(tokenizer.decode(ids, { skipSpecialTokens: true }), `a${tag}b`);
  }
});
