import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  MEDICAL_REASONING_PROMPT,
  toVignetteChat,
  vignetteAnswerIsRight,
  vignetteAt,
} from "../../../lib/data/medical/mod.ts";

const REAL = fileURLToPath(new URL("../../../../shared/data/medical_o1/train.jsonl", import.meta.url));

Deno.test("toVignetteChat() gives prompt, prefill, completion and the short answer", () => {
  const vignette = vignetteAt(1);
  const { prompt, prefill, completion, answer } = toVignetteChat(vignette);
  assert.deepEqual(prompt, [
    { role: "system", content: MEDICAL_REASONING_PROMPT },
    { role: "user", content: vignette.Question },
  ]);
  assert.equal(prefill, "<think>\n");
  assert.equal(completion, `${vignette.Complex_CoT}\n</think>\n<answer>\n${vignette.Response}\n</answer>`);
  assert.equal(answer, vignette.answer);
  assert.ok(vignetteAnswerIsRight(vignette, completion));
  assert.equal(toVignetteChat(vignette, { systemPrompt: "Think." }).prompt[0].content, "Think.");
});

Deno.test({
  name: "toVignetteChat() takes rows of the real data set (skipped where ../shared/data/medical_o1 is absent)",
  ignore: !existsSync(REAL),
  fn() {
    const rows = readFileSync(REAL, "utf8").trim().split("\n").slice(0, 50).map((line) => JSON.parse(line));
    for (const row of rows) {
      const { prompt, completion, answer } = toVignetteChat(row);
      assert.equal(prompt[1].content, row.Question.trim());
      assert.equal(completion, `${row.Complex_CoT.trim()}\n</think>\n<answer>\n${row.Response.trim()}\n</answer>`);
      assert.equal(answer, row.Response.trim());
    }
  },
});
