import assert from "node:assert/strict";
import fc from "fast-check";
import { gsm8kFiveRewards } from "../../../lib/train/rewards/mod.ts";

async function judge(completion: string, answer: string, prefill?: string) {
  const { correctness, int, strictFormat, softFormat, xmlcount } = gsm8kFiveRewards({ prefill });
  const batch = { prompts: ["q"], completions: [completion], completionIds: [[1]], answer: [answer] };
  const rewards = [];
  for (const reward of [correctness, int, strictFormat, softFormat, xmlcount]) rewards.push((await reward(batch))[0]);
  return rewards.map((value) => Number(value!.toFixed(6)));
}

const right = "<think>\n40+2=42\nso 42\n</think>\n<answer>\n42\n</answer>";

const table: [name: string, completion: string, gold: string, rewards: number[]][] = [
  ["the full layout over several lines", right, "42", [2, 0.5, 0.5, 0.5, 0.5]],
  ["a line break after", right + "\n", "42", [2, 0.5, 0.5, 0.5, 0.5]],
  ["two line breaks after", right + "\n\n", "42", [2, 0.5, 0, 0.5, 0.499]],
  ["text after", right + "\nDone.", "42", [2, 0.5, 0, 0.5, 0.495]],
  ["text right after", right + "Done.", "42", [2, 0.5, 0, 0.5, 0.495]],
  ["a wrong number", right, "43", [0, 0.5, 0.5, 0.5, 0.5]],
  ["nothing at all", "", "42", [0, 0, 0, 0, 0]],
  ["a bare number", "42", "42", [0, 0, 0, 0, 0]],
  ["one line for all", "<think>x</think><answer>42</answer>", "42", [2, 0.5, 0, 0.5, 0]],
  ["text before", "So: " + right, "42", [2, 0.5, 0, 0, 0.5]],
  ["text between the parts", "<think>\nx\n</think>\nSo\n<answer>\n42\n</answer>", "42", [2, 0.5, 0, 0, 0.5]],
  ["blank lines between the parts", "<think>\nx\n</think>\n\n<answer>\n42\n</answer>", "42", [2, 0.5, 0, 0.5, 0.5]],
  ["no think tags", "<answer>\n42\n</answer>", "42", [2, 0.5, 0, 0, 0.125]],
  ["an unclosed think tag", "<think>\nx\n<answer>\n42\n</answer>", "42", [2, 0.5, 0, 0, 0.375]],
  ["an unclosed answer tag", "<think>\nx\n</think>\n<answer>\n42", "42", [0, 0, 0, 0, 0.375]],
  ["a doubled answer, right last", right + "\n<answer>\n7\n</answer>", "7", [2, 0.5, 0.5, 0.5, 0.25]],
  ["a doubled answer, right first", right + "\n<answer>\n7\n</answer>", "42", [0, 0.5, 0.5, 0.5, 0.25]],
  ["a doubled think tag", "<think>\n" + right, "42", [2, 0.5, 0.5, 0.5, 0.375]],
  ["an empty answer", "<think>\nx\n</think>\n<answer>\n\n</answer>", "42", [0, 0, 0.5, 0.5, 0.5]],
  ["an answer of one shared line break", "<think>\nx\n</think>\n<answer>\n</answer>", "42", [0, 0, 0, 0.5, 0.5]],
  ["commas", "<answer>1,234</answer>", "1234", [0, 0, 0, 0, 0]],
  ["commas on both sides", "<answer>1,234</answer>", "1,234", [2, 0, 0, 0, 0]],
  ["a dollar sign", "<answer>$42</answer>", "42", [0, 0, 0, 0, 0]],
  ["a negative number", "<answer>-5</answer>", "-5", [2, 0.5, 0, 0, 0]],
  ["a decimal zero", "<answer>42.0</answer>", "42", [0, 0, 0, 0, 0]],
  ["units", "<answer>42 apples</answer>", "42", [0, 0, 0, 0, 0]],
  ["full-width digits", "<answer>\uff14\uff12</answer>", "42", [0, 0, 0, 0, 0]],
  ["other scripts in the reasoning", "<think>\n\u9752 \ud83c\udf4f\n</think>\n<answer>\n42\n</answer>", "42", [
    2,
    0.5,
    0.5,
    0.5,
    0.5,
  ]],
  ["a long tail", right + "!".repeat(1000), "42", [2, 0.5, 0, 0.5, -0.5]],
];

for (const [name, completion, gold, rewards] of table) {
  Deno.test(`gsm8kFiveRewards() gives ${rewards.join(" ")} for ${name}`, async () => {
    assert.deepEqual(await judge(completion, gold), rewards);
  });
}

Deno.test("gsm8kFiveRewards() takes the prefill into account", async () => {
  const rest = "40+2=42\n</think>\n<answer>\n42\n</answer>";
  assert.deepEqual(await judge(rest, "42"), [2, 0.5, 0, 0, 0.375]);
  assert.deepEqual(await judge(rest, "42", "<think>\n"), [2, 0.5, 0.5, 0.5, 0.5]);
  assert.deepEqual(await judge("\n" + rest, "42", "Let me solve this step by step.\n<think>"), [2, 0.5, 0.5, 0.5, 0.5]);
});

const pieces = fc.array(
  fc.constantFrom("<think>", "</think>", "<answer>", "</answer>", "\n", "\n", " ", "42", "x", "<"),
  { maxLength: 16 },
).map((parts) => parts.join(""));
const layouts = fc.oneof(
  pieces,
  fc.tuple(pieces, pieces, pieces).map(([a, b, c]) => `<think>\n${a}\n</think>\n${b}<answer>\n${c}\n</answer>`),
);

Deno.test("gsm8kFiveRewards() formats agree with the regular expressions that define them", async () => {
  const strict = /^<think>\n[^]*?\n<\/think>\n<answer>\n[^]*?\n<\/answer>\n?$/;
  const soft = /^<think>[^]*?<\/think>\s*<answer>[^]*?<\/answer>/;
  await fc.assert(
    fc.asyncProperty(layouts, async (text) => {
      const [, , strictReward, softReward, xmlcount] = await judge(text, "42");
      assert.equal(strictReward, strict.test(text) ? 0.5 : 0);
      assert.equal(softReward, soft.test(text) ? 0.5 : 0);
      assert.ok(xmlcount <= 0.5);
    }),
    { numRuns: 2000 },
  );
});
