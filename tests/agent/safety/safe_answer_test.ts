import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addDisclaimer,
  DISCLAIMER,
  findDosingOrders,
  makeAnswerSafe,
  sentencesOf,
} from "../../../lib/agent/safety/mod.ts";
import { anyText, anyTextWith } from "../../support/any_text.ts";

Deno.test("makeAnswerSafe() replaces an order of a dose and keeps the rest to the letter", () => {
  const { text, replaced } = makeAnswerSafe(
    "Ibuprofen eases pain [1]. Take 400 mg of ibuprofen every 6 hours [1]. Rest  helps.",
    {
      disclaimer: null,
    },
  );
  assert.equal(text, "Ibuprofen eases pain [1]. Ask a doctor or pharmacist about the dose of ibuprofen. Rest  helps.");
  assert.deepEqual(replaced, [{
    sentence: "Take 400 mg of ibuprofen every 6 hours [1].",
    by: "Ask a doctor or pharmacist about the dose of ibuprofen.",
  }]);
});

Deno.test("makeAnswerSafe() says the same advice once, and keeps the marks of a list", () => {
  const { text, replaced } = makeAnswerSafe(
    "- Take 1 tablet of aspirin.\n- Take 2 tablets of aspirin at night.\n- Rest.",
    {
      disclaimer: null,
    },
  );
  assert.equal(text, "- Ask a doctor or pharmacist about the dose of aspirin.\n- Rest.");
  assert.equal(replaced.length, 2);
});

Deno.test("addDisclaimer() says it once, at the end, and nothing about nothing", () => {
  const once = addDisclaimer("Rest helps.");
  assert.equal(once, `Rest helps.\n\n${DISCLAIMER}`);
  assert.equal(addDisclaimer(once), once);
  assert.equal(addDisclaimer(`${DISCLAIMER.toUpperCase().replaceAll(" ", "\n")} Rest helps.`), once);
  assert.equal(addDisclaimer("  "), "");
  assert.equal(
    addDisclaimer("Rest (twice a day).", "Ask (really) a doctor."),
    "Rest (twice a day).\n\nAsk (really) a doctor.",
  );
});

Deno.test("makeAnswerSafe() leaves no order in any answer, and changes nothing the second time", () => {
  const parts = [
    "Take",
    "You should take",
    "400 mg",
    "of ibuprofen",
    "twice a day",
    ".",
    "Rest",
    "[1]",
    "\n- ",
    "and",
    "2 tablets",
  ];
  const answers = anyTextWith(parts, { maxLength: 200, maxParts: 30 });
  fc.assert(fc.property(answers, (answer) => {
    const { text } = makeAnswerSafe(answer);
    assert.deepEqual(findDosingOrders(text), []);
    assert.equal(makeAnswerSafe(text).text, text);
  }));
});

Deno.test("sentencesOf() ends sentences at stops and lines, not within numbers and abbreviations, with their citations", () => {
  const texts = (text: string) => sentencesOf(text).map((sentence) => sentence.text);
  assert.deepEqual(texts("See Dr. Lee. Take 2.5 ml, e.g. now! Why? [1] - Item\n2. Next"), [
    "See Dr. Lee.",
    "Take 2.5 ml, e.g. now!",
    "Why? [1]",
    "- Item",
    "2. Next",
  ]);
  fc.assert(fc.property(anyText({ maxLength: 200 }), (text) => {
    const sentences = sentencesOf(text);
    for (const { start, end, text: own } of sentences) assert.equal(text.slice(start, end), own);
    assert.equal(sentences.map((one) => one.text).join("").replace(/\s/g, ""), text.replace(/\s/g, ""));
  }));
});
