import assert from "node:assert/strict";
import fc from "fast-check";
import {
  groundedPrompt,
  NOT_IN_DOCUMENTS,
  parseGroundedAnswer,
  writeGroundedAnswer,
} from "../../../lib/data/multi_hop/mod.ts";

Deno.test("groundedPrompt() numbers the passages from 1", () => {
  const [system, user] = groundedPrompt("Who founded Velmona?", [
    { title: "Velmona", text: "Mia Tarsik founded Velmona." },
    { title: "Ulba", text: "It is old." },
  ]);
  assert.equal(system.role, "system");
  assert.equal(
    user.content,
    "[1] Velmona: Mia Tarsik founded Velmona.\n[2] Ulba: It is old.\nThe question: Who founded Velmona?",
  );
});

Deno.test("parseGroundedAnswer() reads what writeGroundedAnswer() writes", () => {
  const quotes = [{ passage: 3, words: 'It says "yes" here.' }, { passage: 1, words: "It is old." }];
  const text = "Mia founded it [3]. It is old [1], they say [3].";
  assert.deepEqual(parseGroundedAnswer(writeGroundedAnswer(text, quotes)), {
    answer: { text, citations: [3, 1], quotes, isRefusal: false },
  });
});

Deno.test("parseGroundedAnswer() knows the refusal, alone only", () => {
  const isRefusal = (reply: string) => {
    const parsed = parseGroundedAnswer(reply);
    return "answer" in parsed && parsed.answer.isRefusal;
  };
  assert.ok(isRefusal(NOT_IN_DOCUMENTS));
  assert.ok(!isRefusal(`${NOT_IN_DOCUMENTS} It is Mia.`));
  assert.ok(!isRefusal(`${NOT_IN_DOCUMENTS}\nEvidence [1]: "It is old."`));
});

Deno.test("parseGroundedAnswer() refuses other lines and never throws", () => {
  for (
    const reply of [
      "",
      '\nEvidence [1]: "It is old."',
      "Mia [1].\n",
      "Mia [1].\nEvidence 1: It is old.",
      'Mia [1].\nEvidence [1]: "It is old.',
      'Mia [1].\nEvidence [1]: ""',
      "Mia [1].\nI hope so.",
    ]
  ) assert.ok("problem" in parseGroundedAnswer(reply), reply);
  fc.assert(fc.property(fc.string(), (reply) => {
    const parsed = parseGroundedAnswer(reply);
    assert.ok("answer" in parsed !== "problem" in parsed);
  }));
});
