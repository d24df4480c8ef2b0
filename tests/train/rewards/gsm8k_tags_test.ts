import assert from "node:assert/strict";
import fc from "fast-check";
import { gsm8kTagRewards } from "../../../lib/train/rewards/mod.ts";

async function judge(completion: string, answer: string, prefill?: string) {
  const { correctness, format } = gsm8kTagRewards({ prefill });
  const batch = { prompts: ["q"], completions: [completion], completionIds: [[1]], answer: [answer] };
  return [(await correctness(batch))[0], (await format(batch))[0]];
}

const right = "<think>\n40+2=42\n</think>\n<answer>\n42\n</answer>";

const table: [name: string, completion: string, gold: string, correctness: number, format: number][] = [
  ["the full layout", right, "42", 1, 1],
  ["the full layout in single lines", "<think>x</think>\n<answer>42</answer>", "42", 1, 1],
  ["empty reasoning", "<think></think>\n<answer>42</answer>", "42", 1, 1],
  ["a wrong number", right, "43", 0, 1],
  ["nothing at all", "", "42", 0, 0],
  ["a bare number", "42", "42", 0, 0],
  ["GSM8K's own format", "40+2=42\n#### 42", "42", 0, 0],
  ["no think tags", "<answer>42</answer>", "42", 1, 0],
  ["an unclosed think tag", "<think>x\n<answer>42</answer>", "42", 1, 0],
  ["an unclosed answer tag", "<think>x</think>\n<answer>42", "42", 0, 0],
  ["a closing answer tag before the opening one", "</answer>42<answer>", "42", 0, 0],
  ["a stray closing tag first", "</answer><answer>42</answer>", "42", 1, 0],
  ["text after", right + " That is it.", "42", 1, 0],
  ["a line break after", right + "\n", "42", 1, 0],
  ["text before", "Sure! " + right, "42", 1, 0],
  ["text between the parts", "<think>x</think>\nSo\n<answer>42</answer>", "42", 1, 0],
  ["no line break between the parts", "<think>x</think><answer>42</answer>", "42", 1, 0],
  ["a doubled opening tag", "<think><think>x</think>\n<answer>42</answer>", "42", 1, 0],
  ["a doubled answer, right first", "<think>x</think>\n<answer>42</answer><answer>7</answer>", "42", 1, 0],
  ["a doubled answer, wrong first", "<think>x</think>\n<answer>7</answer><answer>42</answer>", "42", 0, 0],
  ["nested answer tags", "<think>x</think>\n<answer><answer>42</answer></answer>", "42", 0, 0],
  ["an answer inside the reasoning", "<think><answer>42</answer></think>\n<answer>7</answer>", "42", 1, 0],
  ["parts in the wrong order", "<answer>42</answer>\n<think>x</think>", "42", 1, 0],
  ["upper-case tags", right.toUpperCase(), "42", 0, 0],
  ["an empty answer", "<think>x</think>\n<answer></answer>", "42", 0, 1],
  ["commas in the answer", "<think>x</think>\n<answer>1,234</answer>", "1234", 1, 1],
  ["commas in the gold", "<think>x</think>\n<answer>1234</answer>", "1,234", 1, 1],
  ["a dollar sign", "<think>x</think>\n<answer>$42</answer>", "42", 1, 1],
  ["dollars and cents", "<think>x</think>\n<answer>$1,042.50</answer>", "1042.5", 1, 1],
  ["a decimal zero", "<think>x</think>\n<answer>42.0</answer>", "42", 1, 1],
  ["a decimal", "<think>x</think>\n<answer>42.5</answer>", "42", 0, 1],
  ["a difference under the tolerance", "<think>x</think>\n<answer>42.000001</answer>", "42", 1, 1],
  ["a difference over the tolerance", "<think>x</think>\n<answer>42.0001</answer>", "42", 0, 1],
  ["a negative number", "<think>x</think>\n<answer>-5</answer>", "-5", 1, 1],
  ["a lost sign", "<think>x</think>\n<answer>5</answer>", "-5", 0, 1],
  ["a typographic minus", "<think>x</think>\n<answer>\u22125</answer>", "-5", 1, 1],
  ["units after", "<think>x</think>\n<answer>42 apples</answer>", "42", 0, 1],
  ["units before", "<think>x</think>\n<answer>x = 42</answer>", "42", 0, 1],
  ["two numbers", "<think>x</think>\n<answer>42 43</answer>", "42", 0, 1],
  ["NaN", "<think>x</think>\n<answer>NaN</answer>", "42", 0, 1],
  ["infinity", "<think>x</think>\n<answer>Infinity</answer>", "42", 0, 1],
  ["an exponent", "<think>x</think>\n<answer>4.2e1</answer>", "42", 0, 1],
  ["full-width digits", "<think>x</think>\n<answer>\uff14\uff12</answer>", "42", 0, 1],
  ["other scripts in the reasoning", "<think>\u9752 \ud83c\udf4f \ud800</think>\n<answer>42</answer>", "42", 1, 1],
];

for (const [name, completion, gold, correctness, format] of table) {
  Deno.test(`gsm8kTagRewards() gives ${correctness} and ${format} for ${name}`, async () => {
    assert.deepEqual(await judge(completion, gold), [correctness, format]);
  });
}

Deno.test("gsm8kTagRewards() takes the prefill into account", async () => {
  const rest = "40+2=42\n</think>\n<answer>\n42\n</answer>";
  assert.deepEqual(await judge(rest, "42"), [1, 0]);
  assert.deepEqual(await judge(rest, "42", "<think>\n"), [1, 1]);
  assert.deepEqual(await judge("\n" + rest, "42", "Let me solve this step by step.\n<think>"), [1, 1]);
  assert.deepEqual(await judge(right, "42", "<think>\n"), [1, 0], "the tag would be there twice");
  assert.throws(() => gsm8kTagRewards({ prefill: "Well," }), /holds no <think>/);
});

Deno.test("gsm8kTagRewards() names the row of a gold answer that is no number", () => {
  const { correctness } = gsm8kTagRewards();
  const batch = { prompts: ["", ""], completions: ["", ""], completionIds: [[], []], answer: ["1", "many"] };
  assert.throws(() => correctness(batch), /"many" of row 1 is no number/);
});

const pieces = fc.array(
  fc.constantFrom("<think>", "</think>", "<answer>", "</answer>", "\n", " ", "4", "2", "x", "<", ">", "</"),
  { maxLength: 14 },
).map((parts) => parts.join(""));

Deno.test("gsm8kTagRewards() format agrees with the regular expression that defines it", async () => {
  const layout =
    /^<think>(?:(?!<\/?(?:think|answer)>)[^])*<\/think>\n<answer>(?:(?!<\/?(?:think|answer)>)[^])*<\/answer>$/;
  await fc.assert(
    fc.asyncProperty(fc.oneof(pieces, pieces.map((middle) => `<think>${middle}</answer>`)), async (text) => {
      assert.equal((await judge(text, "42"))[1], layout.test(text) ? 1 : 0);
    }),
    { numRuns: 2000 },
  );
  await fc.assert(fc.asyncProperty(pieces, pieces, async (reasoning, answer) => {
    const text = `<think>${reasoning}</think>\n<answer>${answer}</answer>`;
    assert.equal((await judge(text, "42"))[1], layout.test(text) ? 1 : 0);
  }));
});

Deno.test("gsm8kTagRewards() correctness finds any whole number however it is written", async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: -1e9, max: 1e9 }), pieces, async (value, noise) => {
    const written = [`${value}`, value.toLocaleString("en-US"), `$${value}`, ` ${value}.0\n`];
    const reasoning = noise.replaceAll("<answer>", "");
    for (const text of written) {
      const completion = `<think>${reasoning}</think>\n<answer>${text}</answer>`;
      assert.equal((await judge(completion, `${value}`))[0], 1);
      assert.equal((await judge(completion, `${value + 1}`))[0], 0);
    }
  }));
});
