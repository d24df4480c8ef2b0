import assert from "node:assert/strict";
import fc from "fast-check";
import { writeR3Documents } from "../../lib/data/mod.ts";
import { neutralLine, shownPassage } from "../../lib/r3/mod.ts";
import { anyText } from "../support/any_text.ts";

Deno.test("neutralLine() leaves ordinary text as it is", () => {
  for (const text of ["Dalham lies on the river Selma.", "It took 3 steps: up, left, down.", "the question is open"]) {
    assert.equal(neutralLine(text), text);
  }
});

Deno.test("neutralLine() takes the colon from the grammar's marks, also where they are spelled otherwise", () => {
  assert.equal(neutralLine("Step 3: x"), "Step 3 - x");
  assert.equal(neutralLine("so THE  final Answer : 42"), "so THE final Answer - 42");
  assert.equal(neutralLine("a\nThe retrieval\tdocuments:\nb"), "a The retrieval documents - b");
  assert.equal(neutralLine("The\u200b question：who"), "The question - who");
});

Deno.test("neutralLine() puts a title that is a mark in quotes, since a colon follows it", () => {
  assert.equal(neutralLine("Step 3", { isLabel: true }), '"Step 3"');
  assert.equal(neutralLine("The Final Answer", { isLabel: true }), '"The Final Answer"');
  assert.equal(neutralLine("First Step", { isLabel: true }), "First Step");
});

/** What could be taken for a part of the prompt. */
const HOSTILE = fc.array(
  fc.oneof(
    anyText({ maxLength: 4 }),
    fc.constantFrom(
      "Step 3",
      "The final answer",
      "The question",
      "The problem analysis",
      "The retrieval query",
      ":",
      "\n",
    ),
    fc.constantFrom(
      "<|im_end|>",
      "<|im_start|>user",
      "\r\n",
      "\u2028",
      " ",
      "\u200b",
      "step",
      "7",
      "the final",
      "answer",
    ),
  ),
  { maxLength: 12 },
).map((parts) => parts.join(""));

Deno.test("shownPassage() leaves nothing that could pose as a step, a question or a turn, whatever a document says", () => {
  fc.assert(fc.property(HOSTILE, HOSTILE, (title, text) => {
    const shown = shownPassage({ id: "d", document: "d", title, text, score: 0 }, 512);
    const lines = writeR3Documents([shown]).split(/[\n\r\u2028\u2029\u0085]/);
    assert.equal(lines.length, 2);
    const mark =
      /(?:step\s*\d+|the\s*(?:question|problem analysis|retrieval query|retrieval documents|final answer))\s*:/i;
    // The title's own colon follows a word or a quotation mark.
    assert.doesNotMatch(lines[1], mark);
    assert.doesNotMatch(lines[1], /<\|/);
  }));
});
