import assert from "node:assert/strict";
import {
  addDisclaimer,
  dosesIn,
  findDosingOrders,
  findEmergencies,
  findRefusedRequest,
  makeAnswerSafe,
  medicinesIn,
  sentencesOf,
} from "../../../lib/agent/safety/mod.ts";

/** A pattern that tried each place of these again from each other would not end within the hour. */
Deno.test("all checks end on very long texts made to be tried again and again", () => {
  const pieces = [
    "a",
    " ",
    ".",
    "\n",
    "[1",
    ". [1]",
    "1,",
    "take ",
    "you should ",
    "not ",
    "i can't ",
    "chest pain ",
    '"',
    "? ",
    "- ",
    "of ",
  ];
  for (const piece of pieces) {
    const text = piece.repeat(Math.ceil(300_000 / piece.length));
    for (const run of [dosesIn, findDosingOrders, findEmergencies, makeAnswerSafe, medicinesIn, sentencesOf]) {
      assert.ok(typeof run(text) === "object", piece);
    }
    assert.ok(findRefusedRequest(text) === null, piece);
    assert.ok(typeof addDisclaimer(text) === "string", piece);
  }
});
