import assert from "node:assert/strict";
import fc from "fast-check";
import { mendOutcome, readTurn, TAG_TOKENS } from "../../lib/cot_retriever/mod.ts";
import { readForcedEnd, writeTurn } from "../../lib/cot_retriever/read_turn.ts";
import { anyText } from "../support/any_text.ts";

const outcome = { answer: "Dalham", used: ["a.org/1", "b.net/2"] };
const END = `</think>\n<results>\n${JSON.stringify(outcome)}\n</results>`;

Deno.test("readTurn() reads a query and an outcome as they should be, and repairs nothing", () => {
  const asked = readTurn("<think>\nI need it.\n<query>Founder of Velmona</query>", { isFirst: true });
  assert.deepEqual(asked, {
    analysis: "I need it.",
    move: { kind: "search", query: "Founder of Velmona" },
    repairs: [],
  });
  const answered = readTurn(`a.org/1 says it.\n${END}`);
  assert.deepEqual(answered, { analysis: "a.org/1 says it.", move: { kind: "outcome", outcome }, repairs: [] });
  assert.equal(writeTurn(asked, true), "<think>\nI need it.\n<query>Founder of Velmona</query>");
  assert.equal(writeTurn(answered, false), `a.org/1 says it.\n${END}`);
});

Deno.test("readTurn() repairs tags: each case, what is read and what was repaired", () => {
  const query = (text: string, isFirst = false, isCut = false) => readTurn(text, { isFirst, isCut });
  const cases: [string, ReturnType<typeof readTurn>, string, string[]][] = [
    ["no <think>", query("I need it.\n<query>a b</query>", true), "I need it.|a b", ["missingThink"]],
    ["<think> twice", query("<think>\n<think>\nPlan.\n<query>a</query>", true), "Plan.|a", ["strayTag"]],
    ["a later <think>", query("<think>\nPlan.\n<query>a</query>"), "Plan.|a", ["strayTag"]],
    ["an open query", query("Plan.\n<query>a b\n"), "Plan.|a b", ["unclosedQuery"]],
    ["a query within one", query("Plan.\n<query>a <query>b</query>"), "Plan.|b", ["strayTag"]],
    ["a query doubled", query("Plan.\n<query><query>b</query>"), "Plan.|b", ["strayTag"]],
    ["a query not opened", query("Plan.\nfounder of it</query>"), "Plan.|founder of it", ["unopenedQuery"]],
    ["a thought ended before it", query("Plan.\n</think>\n<query>a</query>"), "Plan.|a", ["strayTag"]],
    ["own results", query("Plan.\n<query>a\n<query_res>"), "Plan.|a", ["ownResults", "unclosedQuery"]],
    ["a long query", query(`P.\n<query>${"ab ".repeat(99)}</query>`), `P.|${"ab ".repeat(66)}ab`, ["cutQuery"]],
  ];
  for (const [name, { analysis, move, repairs }, expected, repaired] of cases) {
    assert.equal(move.kind, "search", name);
    assert.equal(`${analysis}|${move.kind === "search" ? move.query : ""}`, expected, name);
    assert.deepEqual(repairs, repaired, name);
  }
});

Deno.test("readTurn() repairs the end: a missing </think>, tags that stand twice, an end that is missing", () => {
  const json = JSON.stringify(outcome);
  const cases: [string, string, string[]][] = [
    ["no </think>", `It is so.\n<results>\n${json}\n</results>`, ["missingThinkEnd"]],
    ["</think> twice", `It is so.\n</think>\n</think>\n<results>\n${json}\n</results>`, ["strayTag"]],
    ["<results> twice", `It is so.\n</think>\n<results>\n<results>\n${json}\n</results>`, ["strayTag"]],
    ["no </results>", `It is so.\n</think>\n<results>\n${json}`, ["unclosedResults"]],
    ["a fence", `It is so.\n</think>\n<results>\n\`\`\`json\n${json}\n\`\`\`\n</results>`, ["mendedJson"]],
    ["an open query before it", `It is so.<query>\n</think>\n<results>\n${json}\n</results>`, ["strayTag"]],
  ];
  for (const [name, text, repaired] of cases) {
    assert.deepEqual(
      readTurn(text),
      { analysis: "It is so.", move: { kind: "outcome", outcome }, repairs: repaired },
      name,
    );
  }
});

Deno.test("readTurn() makes nothing up: no query, a query cut off, an empty one, an outcome without an answer", () => {
  const by = (text: string, isCut = false) => {
    const { move } = readTurn(text, { isCut });
    return move.kind === "unfinished" ? move.by : move.kind;
  };
  assert.equal(by("I think about it."), "ended");
  assert.equal(by("I think about it", true), "cutOff");
  assert.equal(by("Plan.\n<query>founder of Vel", true), "cutOff");
  assert.equal(by("Plan.\n<query></query>"), "emptyQuery");
  assert.equal(by("Plan.\n<query_res>"), "ended");
  assert.equal(by('So.\n</think>\n<results>\n{"used":["a.org/1"]}\n</results>'), "badOutcome");
  assert.equal(by('So.\n</think>\n<results>\n{"answer":"Dal', true), "badOutcome");
});

Deno.test("readForcedEnd() reads what follows the given beginning of an outcome", () => {
  assert.deepEqual(readForcedEnd('Dalham","used":["a.org/1","b.net/2"]}\n</results>').move, {
    kind: "outcome",
    outcome,
  });
  assert.deepEqual(readForcedEnd("I do not know").move, { kind: "unfinished", by: "badOutcome" });
});

Deno.test("mendOutcome() mends what needs no guess, and says so", () => {
  const same = { outcome, isMended: false };
  const mended = { outcome, isMended: true };
  const json = JSON.stringify(outcome);
  assert.deepEqual(mendOutcome(`\n${json}\n`), same);
  assert.deepEqual(mendOutcome(`Here: ${json} So.`), mended);
  assert.deepEqual(mendOutcome('{"answer":"Dalham","used":["a.org/1","b.net/2",],}'), mended);
  assert.deepEqual(mendOutcome('{"answer":"Dalham","used":["a.org/1","b.net/2"'), mended);
  assert.deepEqual(mendOutcome('{"answer":"Dalham","used":["a.org/1","b.net/2'), mended);
  assert.deepEqual(mendOutcome('{"answer":" Dalham ","used":["a.org/1","b.net/2",""],"sure":true}'), mended);
  assert.deepEqual(mendOutcome('{"answer":1950,"used":"a.org/1"}')!.outcome, { answer: "1950", used: ["a.org/1"] });
  assert.deepEqual(mendOutcome('{"answer":true,"used":[]}')!.outcome, { answer: "yes", used: [] });
  for (
    const text of [
      "",
      "Dalham",
      "{}",
      '{"answer":"Dalham"}',
      '{"answer":"","used":[]}',
      "[1]",
      '{"answer":"a","used":[1]}',
      '{"answer":"a"]',
    ]
  ) {
    assert.equal(mendOutcome(text), null, text);
  }
});

Deno.test("readTurn() takes whatever a model writes, and what it makes of it is in the grammar", () => {
  const part = fc.oneof(
    anyText({ maxLength: 8 }),
    fc.constantFrom(...TAG_TOKENS),
    fc.constantFrom("\n", '{"answer":"a","used":["b"]}', '{"answer":"', '"]}', "<que"),
  );
  const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(fc.property(text, fc.boolean(), fc.boolean(), (text, isFirst, isCut) => {
    const read = readTurn(text, { isFirst, isCut });
    const again = readTurn(writeTurn(read, isFirst), { isFirst });
    assert.equal(again.analysis, read.analysis);
    assert.deepEqual(again.move.kind, read.move.kind);
    if (read.move.kind !== "unfinished") assert.deepEqual(again, { ...read, repairs: [] });
    assert.doesNotMatch(read.analysis, /<\/?(?:think|query|query_res|results)>/);
  }));
});
