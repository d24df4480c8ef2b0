import assert from "node:assert/strict";
import { gsm8kFiveRewards, gsm8kTagRewards } from "../../../lib/train/rewards/mod.ts";

// 200 KB each: anything quadratic would take minutes here, and the test would stand still.
const SIZE = 200_000;
const fill = (part: string) => part.repeat(Math.ceil(SIZE / part.length));
const texts = [
  fill("<think>"),
  fill("</think>"),
  fill("<think>\n"),
  fill("<think></think> "),
  "<think>" + fill("</think>" + " ".repeat(500)),
  "<think>" + fill("</think>\n<answer>"),
  "<think>" + " ".repeat(SIZE) + "<answer>",
  "<think></think>" + "\n".repeat(SIZE),
  "<think>\n" + fill("\n</think>\n<answer>\n") + "\n</answer>",
  fill("<answer>"),
  fill("<answer></answer>"),
  "<answer>" + fill("1") + "</answer>",
  "<answer>" + fill("1") + "x</answer>",
  "<answer>" + fill(",") + "</answer>",
  "<answer>" + fill(" ") + "1" + fill(" ") + "x</answer>",
  "<answer>" + fill("1.") + "</answer>",
  "<answer>" + fill("$%") + "</answer>",
  fill("\u0000\ud800<"),
];

Deno.test("GSM8K rewards stay linear and finite on long adversarial completions", async () => {
  const batch = {
    prompts: texts.map(() => ""),
    completions: texts,
    completionIds: texts.map(() => []),
    answer: texts.map(() => "42"),
  };
  for (const set of [gsm8kTagRewards(), gsm8kTagRewards({ prefill: "<think>\n" }), gsm8kFiveRewards()]) {
    for (const [name, reward] of Object.entries(set)) {
      const values = await reward(batch);
      assert.ok(values.length === texts.length && values.every(Number.isFinite), name);
    }
  }
});
