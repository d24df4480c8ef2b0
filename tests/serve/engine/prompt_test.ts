import assert from "node:assert/strict";
import { EngineRequestError } from "../../../lib/serve/engine/mod.ts";
import { PromptMaker } from "../../../lib/serve/engine/prompt.ts";
import { tokenizer } from "./served_folder.ts";

Deno.test("PromptMaker makes the same prompt once when it is asked for again and again, and no other in its place", () => {
  const prompts = new PromptMaker(tokenizer);
  const chat = (content: string, prefill?: string) => ({ messages: [{ role: "user", content }], prefill });
  const inputs = [{ text: "the cat" }, { text: "the cat sat" }, { tokenIds: [5, 6] }, chat("hi"), chat("hi", "So")];
  const made = inputs.map((input) => {
    const prompt = prompts.prompt(input);
    assert.equal(prompts.prompt(structuredClone(input)), prompt);
    return prompt;
  });
  assert.equal(new Set(made.map(({ ids }) => ids.join())).size, inputs.length);
  assert.deepEqual(made.map(({ begun }) => begun), ["", "", "", "", "So"]);
  for (const [i, input] of inputs.entries()) assert.deepEqual(prompts.prompt(input), made[i]);
  for (let i = 0; i < 2; i++) assert.throws(() => prompts.prompt({ text: "" }), EngineRequestError);
});
