/** Replies with calls, changed at random places: 100,000 of them, always the same. */
import assert from "node:assert/strict";
import { joinText, ReplyParser, type ReplyPiece } from "../../../lib/agent/calls/mod.ts";
import { parseCalls, toolCallsCorpus } from "../../../lib/data/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { REPLIES } from "./replies.ts";

const MUTATED = 100_000;
const LONGEST = 600;

/** What is put in between. */
const FRAGMENTS: readonly string[] = [
  "<tool_call>",
  "</tool_call>",
  "<think>",
  "</think>",
  "```tool_code\n",
  "```",
  "<tool_",
  "</",
  "call>",
  "<",
  "{",
  "}",
  "[",
  "]",
  '"',
  "'",
  "`",
  "\\",
  ",",
  ":",
  "\n",
  " ",
  "\r\n",
  "\ufeff",
  "\u0000",
  "\ud83d",
  "__proto__",
  '"__proto__": {"polluted": true}, ',
  '"constructor": {"prototype": {"polluted": true}}, ',
  "NaN",
  "1e999",
  "9007199254740993",
  "// no\n",
  "f(x='a')",
  "#",
];

function mutate(random: Random, replies: readonly string[]): string {
  let text = random.pick(replies);
  if (random.chance(0.4)) text += random.pick(["", " ", "\n"]) + random.pick(replies);
  for (let change = random.integer(1, 4); change > 0; change--) {
    const at = random.integer(0, text.length);
    const end = Math.min(text.length, at + random.integer(0, 12));
    switch (random.integer(0, 5)) {
      case 0: // something is lost
        text = text.slice(0, at) + text.slice(end);
        break;
      case 1: // something is put in
        text = text.slice(0, at) + random.pick(FRAGMENTS) + text.slice(at);
        break;
      case 2: // something is written in the place of something else
        text = text.slice(0, at) + random.pick(FRAGMENTS) + text.slice(end);
        break;
      case 3: // something is written twice
        text = text.slice(0, end) + text.slice(at);
        break;
      case 4: // the end is lost
        if (random.chance(0.3)) text = text.slice(0, at);
        break;
      case 5: { // another reply goes on from here
        const other = random.pick(replies);
        text = text.slice(0, at) + other.slice(random.integer(0, other.length));
      }
    }
  }
  return text.slice(0, LONGEST);
}

const MENTION = /(?<=^|[\s([])(["'`“‘])<\/?(?:tool_call|think)>["'`”’]/g;
const TAG = /<\/?(?:tool_call|think)>/;
/** Tools of `tool_code` that take values without names. */
const parameterNames = (tool: string) => tool === "f" ? ["x", "y"] : undefined;

function read(text: string, cuts: readonly number[], startsInReasoning: boolean) {
  const parser = new ReplyParser({ startsInReasoning, parameterNames });
  const pieces: ReplyPiece[] = [];
  let at = 0;
  for (const cut of [...cuts, text.length]) {
    pieces.push(...parser.push(text.slice(at, cut)));
    at = cut;
  }
  pieces.push(...parser.end());
  return { pieces: joinText(pieces), steps: parser.steps };
}

/** Own keys on objects without a prototype, all the way down. */
function assertPlain(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) {
    assert.equal(Object.getPrototypeOf(value), null);
    assert.ok(!Object.hasOwn(value, "__proto__"));
  }
  for (const inner of Object.values(value)) assertPlain(inner);
}

function assertSound(pieces: readonly ReplyPiece[]): void {
  const texts = { text: "", reasoning: "" };
  let calls = 0;
  for (const piece of pieces) {
    if (piece.type === "text" || piece.type === "reasoning") {
      assert.notEqual(piece.text, "");
      texts[piece.type] += piece.text;
      continue;
    }
    const { call } = piece;
    assert.equal(call.id, `call_${++calls}`);
    if ("arguments" in call) {
      assert.ok(typeof call.name === "string" && call.name.trim() !== "");
      assertPlain(call.arguments);
    } else {
      assert.ok(call.raw.length <= 2000 && call.problem.length > 0 && call.problem.length < 400, JSON.stringify(call));
    }
  }
  for (const text of [texts.text, texts.reasoning]) {
    if (TAG.test(text)) assert.doesNotMatch(text.replaceAll(MENTION, ""), TAG);
  }
}

/** What JSON may be and calls may not. */
const REFUSED = /is written twice|inside each other|"__proto__"|has no name/;

/** Where the strict reading finds calls and nothing else, the same calls come of it here, but for numbers kept as text. */
function assertAgrees(text: string, pieces: readonly ReplyPiece[]): boolean {
  const strict = parseCalls(text);
  if (strict === null || /\d{16}|\d[eE]\+?\d{3}/.test(text)) return false;
  if (pieces.some((piece) => piece.type === "invalidCall" && REFUSED.test(piece.call.problem))) return false;
  const calls = pieces.flatMap((piece) => {
    // A byte order mark after a call is white space to the one and text to the other.
    if (piece.type === "text" && piece.text.trim() === "") return [];
    return [piece.type === "call" && { name: piece.call.name, arguments: piece.call.arguments }];
  });
  const expected = strict.map(({ name, arguments: given }) => ({ name, arguments: given }));
  assert.equal(JSON.stringify(calls), JSON.stringify(expected));
  return true;
}

Deno.test(`ReplyParser is sound on ${MUTATED.toLocaleString("en")} mutated replies`, () => {
  const replies = REPLIES.map(({ reply }) => reply);
  for (let index = 0; index < 100; index++) {
    for (const { reference } of toolCallsCorpus.exampleAt(index).cases) {
      if (parseCalls(reference) !== null) replies.push(reference);
    }
  }
  const before = Object.getOwnPropertyNames(Object.prototype);
  const kinds = new Map<string, number>();
  let agreed = 0;
  const random = new Random("mutated replies");
  for (let index = 0; index < MUTATED; index++) {
    const text = mutate(random, replies);
    const startsInReasoning = index % 8 === 0;
    const cuts = Array.from({ length: index % 4 }, () => random.integer(0, text.length)).sort((a, b) => a - b);
    try {
      const { pieces, steps } = read(text, cuts, startsInReasoning);
      assertSound(pieces);
      assert.ok(steps <= 3 * text.length + 10);
      if (index % 10 === 0) assert.deepEqual(read(text, [], startsInReasoning).pieces, pieces);
      if (!startsInReasoning && assertAgrees(text, pieces)) agreed++;
      for (const piece of pieces) {
        const kind = piece.type === "invalidCall" ? piece.call.kind : piece.type;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
    } catch (error) {
      throw new Error(`reply ${index}: ${JSON.stringify(text)}`, { cause: error });
    }
  }
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), before);
  assert.equal((({}) as Record<string, unknown>).polluted, undefined);
  assert.ok(agreed > 1_000, `${agreed} replies were calls to the strict reading`);
  // The mutations are worth something only where all sorts of pieces come of them.
  for (const kind of ["text", "reasoning", "call", "not json", "not a call", "unclosed"]) {
    assert.ok((kinds.get(kind) ?? 0) > 1_000, `${kind}: ${kinds.get(kind)}`);
  }
});
