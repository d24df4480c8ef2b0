import assert from "node:assert/strict";
import fc from "fast-check";
import { sentencesOf } from "../../../lib/retrieval/answer/sentences.ts";

const split = (text: string) => sentencesOf(text).map(({ start, end }) => text.slice(start, end));

Deno.test("sentencesOf() ends sentences at full stops, with quotation marks and citations behind them", () => {
  const cases: [string, string[]][] = [
    ["One is here. Two is there! Three?", ["One is here.", "Two is there!", "Three?"]],
    ["It wheezes [1]. It coughs. [2] It stops.[1][3] Then", [
      "It wheezes [1].",
      "It coughs. [2]",
      "It stops.[1][3]",
      "Then",
    ]],
    ['He said "no." She left.', ['He said "no."', "She left."]],
    ["The dose is 2.5 mg. Take it", ["The dose is 2.5 mg.", "Take it"]],
    ["See kiln.dev for more", ["See kiln.dev for more"]],
    ["It goes on... Then it ends.", ["It goes on...", "Then it ends."]],
    ["A title\n\nA paragraph\nof two lines.", ["A title", "A paragraph\nof two lines."]],
    ["これは文です。次の文。", ["これは文です。", "次の文。"]],
    ["  spaces around.  ", ["spaces around."]],
    ["", []],
    [" \n\n ", []],
  ];
  for (const [text, sentences] of cases) assert.deepEqual(split(text), sentences);
});

Deno.test("sentencesOf() knows titles, initials, Latin and numbers of things", () => {
  for (
    const text of [
      "Dr. Ada Smith came.",
      "J. R. Miller wrote it.",
      "Some drugs, e.g. Ventolin, help.",
      "See No. 4 and Fig. 2 of it.",
      "1. Rest helps.",
      "approx. Five days.",
    ]
  ) assert.deepEqual(split(text), [text]);
  // "No." alone is an answer, and "etc." mostly an end.
  assert.deepEqual(split("No. It does not."), ["No.", "It does not."]);
  assert.deepEqual(split("Fruit etc. Then bread."), ["Fruit etc.", "Then bread."]);
  assert.deepEqual(split("It is vitamin D."), ["It is vitamin D."]);
});

Deno.test("sentencesOf() loses nothing but white space and takes no time for strange texts", () => {
  const parts = fc.array(fc.constantFrom("a", "Dr", ".", "!", "…", " ", "\n", "[1]", '"', ")", "。", "3", "é", "😀"));
  fc.assert(fc.property(parts.map((list) => list.join("")), (text) => {
    const spans = sentencesOf(text);
    let end = 0;
    for (const span of spans) {
      assert.equal(text.slice(end, span.start).trim(), "");
      assert.ok(span.end > span.start);
      assert.equal(text.slice(span.start, span.end), text.slice(span.start, span.end).trim());
      end = span.end;
    }
    assert.equal(text.slice(end).trim(), "");
  }));
  // Would take minutes if each full stop looked through all that follow.
  for (const text of [".".repeat(200_000), ".x".repeat(100_000), "\n ".repeat(100_000), ". [1".repeat(50_000)]) {
    assert.ok(sentencesOf(text).length <= text.length);
  }
});
