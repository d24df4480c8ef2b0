import assert from "node:assert/strict";
import fc from "fast-check";
import { newVignettesCorpus, VIGNETTE_HABITS, vignettesCorpus } from "../../../lib/data/corpora/vignettes.ts";
import { CONDITIONS, mentions } from "../../../lib/data/medical/mod.ts";

const COUNT = 10_000;
const PREFILL = "<think>\n";
const examples = Array.from({ length: COUNT }, (_, index) => vignettesCorpus.exampleAt(index));
const replyOf = (example: typeof examples[number]) => {
  const reply = String(example.messages[2].content);
  assert.ok(reply.startsWith(PREFILL));
  return reply.slice(PREFILL.length);
};

Deno.test("vignettesCorpus mixes its habits in their shares", () => {
  const counts = Object.groupBy(examples, ({ kind }) => kind);
  for (const [habit, expected] of Object.entries(VIGNETTE_HABITS)) {
    const found = counts[habit]!.length / COUNT;
    assert.ok(Math.abs(found - expected) < 0.02, `${habit}: ${found}`);
  }
});

Deno.test("vignettesCorpus writes each reply as its habit says, all in the layout", () => {
  for (const example of examples) {
    assert.deepEqual(example.messages.map(({ role }) => role), ["system", "user", "assistant"]);
    const [graded] = example.cases;
    assert.deepEqual(graded.messages, example.messages.slice(0, 2));
    assert.equal(graded.prefill, PREFILL);
    const reply = replyOf(example);
    assert.deepEqual(graded.grade(reply), { answer: example.kind === "slip" ? 0 : 1, format: 1 }, reply);
    assert.deepEqual(graded.grade(graded.reference), { answer: 1, format: 1 });
    assert.equal(reply === graded.reference, example.kind === "reasoning");
    assert.ok(example.messages.reduce((sum, { content }) => sum + String(content).length, 0) < 800);
  }
});

Deno.test("vignettesCorpus names no condition of the new chapter, newVignettesCorpus no known one", () => {
  const fresh = Array.from({ length: 3000 }, (_, index) => newVignettesCorpus.exampleAt(index));
  for (const [found, absent] of [[examples.slice(0, 3000), "new"], [fresh, "known"]] as const) {
    const text = found.map(({ messages }) => messages[2].content).join("\n");
    for (const { name, chapter } of CONDITIONS) {
      assert.equal(mentions(text, name), chapter !== absent, name);
    }
  }
  for (const { kind, cases: [graded], messages } of fresh) {
    assert.equal(kind, "reasoning");
    assert.equal(messages[2].content, PREFILL + graded.reference);
    assert.deepEqual(graded.grade(graded.reference), { answer: 1, format: 1 });
  }
});

Deno.test("vignettesCorpus is the same for the same index, and holds no question of train out", () => {
  assert.deepEqual(vignettesCorpus.exampleAt(5).messages, examples[5].messages);
  const questions = new Set(examples.map(({ messages }) => messages[1].content));
  for (let index = 0; index < 2000; index++) {
    assert.ok(!questions.has(vignettesCorpus.exampleAt(index, { split: "test" }).messages[1].content));
  }
});

Deno.test("the grade of a vignette refuses broken layouts and never throws", () => {
  const [graded] = examples[0].cases;
  const { reference } = graded;
  const [reasoning, answer] = reference.split("\n</think>\n");
  for (
    const broken of [
      "",
      reasoning,
      answer,
      `${reasoning}\n</think>`,
      reference.replace("\n</answer>", ""),
      reference + reference,
      `${reference}\nMore.`,
      reference.replace("<answer>", "<answer><answer>"),
      `\n</think>\n${answer}`,
      `${reasoning}\n</think>\n<answer>\n\n</answer>`,
    ]
  ) assert.equal(graded.grade(broken).format, 0, broken);
  const piece = fc.constantFrom("<answer>", "</answer>", "</think>", "\n", reasoning, " a ", "<", "\u0000");
  fc.assert(fc.property(fc.oneof(fc.string(), fc.array(piece).map((pieces) => pieces.join(""))), (reply) => {
    for (const share of Object.values(graded.grade(reply))) assert.ok(share === 0 || share === 1);
  }));
});
