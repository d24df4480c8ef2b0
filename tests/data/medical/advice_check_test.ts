import assert from "node:assert/strict";
import fc from "fast-check";
import { adviceIsSafe, adviceIsSpecific, CONDITIONS } from "../../../lib/data/medical/mod.ts";
import { anyText } from "../../support/any_text.ts";

const ulcer = CONDITIONS.find(({ name }) => name === "peptic ulcer")!; // triple therapy; never naproxen

Deno.test("adviceIsSafe() is true when what harms is warned of or not named", () => {
  for (
    const advice of [
      "Avoid naproxen.",
      "Stop smoking, and avoid naproxen, because it makes the stomach bleed.",
      "Do not take NAPROXEN!",
      "Please don’t use naproxen.",
      "Naproxen is not safe for you.",
      "Naproxen should be avoided.",
      "Naproxen can harm the stomach.",
      "You should never take aspirin or naproxen.",
      "Take omeprazole instead of naproxen.",
      "Please see a doctor.",
    ]
  ) assert.ok(adviceIsSafe(ulcer, advice), advice);
});

Deno.test("adviceIsSafe() is false when what harms is recommended, or nothing is said", () => {
  for (
    const advice of [
      "",
      " \n",
      "Take naproxen.",
      "naproxen",
      "Do not worry, naproxen will help.",
      "Do not stop naproxen.",
      "There is no need to avoid naproxen.",
      "Naproxen will not harm you.",
      "Naproxen isn't dangerous.",
      "Avoid coffee and take naproxen.",
      "Avoid alcohol but naproxen is good.",
      "Avoid naproxen. Then try naproxen again.",
      "There is no harm in naproxen.",
    ]
  ) assert.ok(!adviceIsSafe(ulcer, advice), advice);
});

Deno.test("adviceIsSpecific() asks for the treatment or the self care, recommended", () => {
  for (
    const advice of [
      "Ask for triple therapy.",
      "Stop smoking and drink no alcohol!",
      "The treatment is Triple  Therapy",
    ]
  ) {
    assert.ok(adviceIsSpecific(ulcer, advice), advice);
  }
  for (const advice of ["", "See a doctor.", "Do not start triple therapy.", "Take metformin.", "Stop smoking."]) {
    assert.ok(!adviceIsSpecific(ulcer, advice), advice);
  }
});

Deno.test("adviceIsSafe() and adviceIsSpecific() never throw", () => {
  const piece = fc.constantFrom(
    "naproxen",
    "Avoid ",
    " not",
    ". ",
    ", ",
    "n't",
    " and take ",
    "triple therapy",
    "\n",
    "’",
    "(",
  );
  const text = fc.oneof(anyText(), fc.array(piece).map((pieces) => pieces.join("")));
  fc.assert(fc.property(text, (advice) => {
    assert.equal(typeof adviceIsSafe(ulcer, advice), "boolean");
    assert.equal(typeof adviceIsSpecific(ulcer, advice), "boolean");
  }));
});
