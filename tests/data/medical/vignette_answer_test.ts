import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CONDITIONS,
  generateVignettes,
  mentionedNames,
  mentions,
  vignetteAnswerIsRight,
  vignetteCandidates,
} from "../../../lib/data/medical/mod.ts";
import { anyText } from "../../support/any_text.ts";

const lay = new Map(CONDITIONS.map((condition) => [condition.name, condition.lay]));
const gout = { asks: "diagnosis", answer: "gout", condition: "gout" } as const;
const ulcer = { asks: "avoid", answer: "naproxen", condition: "peptic ulcer" } as const;
const pain = { asks: "urgent sign", answer: "chest pain", condition: "iron deficiency anemia" } as const;

Deno.test("vignetteAnswerIsRight() accepts the answer in the tags, after the thinking, or alone", () => {
  for (
    const reply of [
      "gout",
      "It is GOUT.",
      "Asthma? No.</think>Gout",
      "Asthma or gout?\n</think>\n<answer>\nThe most likely diagnosis is gout.\n</answer>",
      "asthma</think> it may be asthma <answer>gout</answer>",
      "<answer>gout",
      "<answer>Gout, also called rich man’s disease</answer>",
    ]
  ) assert.ok(vignetteAnswerIsRight(gout, reply), reply);
});

Deno.test("vignetteAnswerIsRight() refuses other, several, denied and missing answers", () => {
  for (
    const reply of [
      "",
      "asthma",
      "gout or osteoarthritis",
      "It is the flu, or gout.",
      "gouty",
      "pre-gout",
      "gout-like pain",
      "It is not gout.",
      "It isn't gout.",
      "gout</think>",
      "gout</think><answer></answer>",
      "<answer>gout</answer><answer>gout</answer>",
      "<answer></answer>gout",
    ]
  ) assert.ok(!vignetteAnswerIsRight(gout, reply), reply);
});

Deno.test("vignetteAnswerIsRight() refuses to take what is to be avoided", () => {
  for (const reply of ["She should avoid naproxen.", "She should not take naproxen.", "Naproxen is not safe."]) {
    assert.ok(vignetteAnswerIsRight(ulcer, reply), reply);
  }
  for (const reply of ["She can take naproxen.", "Naproxen is safe.", "She should use naproxen.", "avoid codeine"]) {
    assert.ok(!vignetteAnswerIsRight(ulcer, reply), reply);
  }
});

Deno.test("vignetteAnswerIsRight() tells an answer from a longer one that contains it", () => {
  assert.ok(vignetteAnswerIsRight(pain, "The warning sign is chest pain."));
  assert.ok(!vignetteAnswerIsRight(pain, "The warning sign is chest pain at rest."));
  assert.ok(vignetteAnswerIsRight({ ...pain, answer: "chest pain at rest" }, "chest pain at rest"));
});

Deno.test("vignetteAnswerIsRight() takes every gold answer and refuses every other candidate", () => {
  for (const vignette of generateVignettes({ count: 500, seed: "answers" })) {
    assert.ok(vignetteAnswerIsRight(vignette, vignette.answer), vignette.answer);
    assert.ok(vignetteAnswerIsRight(vignette, vignette.Response), vignette.Response);
    for (const other of vignetteCandidates(vignette.asks)) {
      if (other === vignette.answer || other === lay.get(vignette.condition)) continue;
      assert.ok(!vignetteAnswerIsRight(vignette, other), `${other} for ${vignette.answer}`);
      assert.ok(!vignetteAnswerIsRight(vignette, `${vignette.answer}, ${other}`), other);
    }
  }
});

Deno.test("vignetteAnswerIsRight() and mentionedNames() never throw", () => {
  const piece = fc.constantFrom(
    "<answer>",
    "</answer>",
    "</think>",
    "gout",
    " ",
    "not ",
    "’",
    "\n",
    "asthma",
    "(",
    "*",
  );
  const text = fc.oneof(fc.string(), anyText(), fc.array(piece).map((pieces) => pieces.join("")));
  fc.assert(fc.property(text, (reply) => {
    for (const vignette of [gout, ulcer, pain]) assert.equal(typeof vignetteAnswerIsRight(vignette, reply), "boolean");
    assert.ok([...mentionedNames(reply, ["gout", "(", reply])].length <= 3);
  }));
});

Deno.test("mentions() looks for whole words in any letters, without the article", () => {
  assert.ok(mentions("He has St  John’s\nWORT", "St John's wort"));
  assert.ok(mentions("Seek care for blood\nin the urine!", "blood in the urine"));
  assert.ok(mentions("stiff neck", "a stiff neck"));
  assert.ok(
    !mentions("insulins", "insulin") && !mentions("pro-insulin", "insulin") && !mentions("insulin2", "insulin"),
  );
});
