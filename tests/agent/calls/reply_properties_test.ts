import assert from "node:assert/strict";
import fc from "fast-check";
import { joinText, readReply, ReplyParser, type ReplyPiece } from "../../../lib/agent/calls/mod.ts";
import { callText, HOUSE_TOOLS } from "../../../lib/data/tool_requests/mod.ts";
import { chatMlTemplate } from "../../../lib/tokenizer/mod.ts";
import { anyText } from "../../support/any_text.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";
import { REPLIES } from "./replies.ts";
import { fenced, short, tagged } from "./reply_case.ts";

/** Pieces that replies with calls are made of, right and wrong. */
const shred = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "<tool_call>",
      "</tool_call>",
      "<think>",
      "</think>",
      "```tool_code\n",
      "```",
      "\n",
      " ",
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '{"name": "f", "arguments": {',
      '"x": 1',
      '"x": "',
      '"',
      "}",
      "}}",
      ",",
      "\\",
      "'",
      "`",
      "<",
      "f(",
      ")",
      "x=",
      "#",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(tagged('{"name": "f", "arguments": {"x": "a"}}'), fenced("f(x='a')"), "I look. "),
  },
  { weight: 1, arbitrary: anyText({ maxLength: 5 }) },
);
const reply = fc.oneof(
  fc.array(shred, { maxLength: 30 }).map((list) => list.join("")),
  fc.constantFrom(...REPLIES).map((each) => each.reply),
);

/** A reply in pieces, as a model might give it. */
function inPieces(text: string, lengths: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, index = 0; at < text.length; index++) {
    const length = lengths.length === 0 ? 1 : lengths[index % lengths.length];
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

function readInPieces(pieces: readonly string[], startsInReasoning = false): { pieces: ReplyPiece[]; steps: number } {
  const parser = new ReplyParser({ startsInReasoning });
  const read = pieces.flatMap((piece) => parser.push(piece));
  read.push(...parser.end());
  return { pieces: joinText(read), steps: parser.steps };
}

Deno.test("ReplyParser makes the same of a reply, however it is cut", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 5 });
  fc.assert(
    fc.property(reply, lengths, fc.boolean(), (text, cuts, startsInReasoning) => {
      const whole = readReply(text, { startsInReasoning });
      assert.deepEqual(readInPieces(inPieces(text, cuts), startsInReasoning).pieces, whole);
      assert.deepEqual(readInPieces(inPieces(text, []), startsInReasoning).pieces, whole);
    }),
    { numRuns: 2000 },
  );
});

/** Six or more characters of a tag, at the end: a tag that was cut off. */
const HALF_TAG = /(?:<tool_\w*|<\/tool\w*|<think|<\/thin|<\/think|```too\w*)$/;

Deno.test("ReplyParser leaves text without tags as it is", () => {
  const sign = fc.constantFrom(
    "<",
    ">",
    "`",
    "```",
    "\n",
    " ",
    "tool",
    "/",
    "think",
    '{"name": "f", "arguments": {}}',
    "</",
    "\r\n",
  );
  const text = fc.oneof(anyText(), fc.array(sign).map((signs) => signs.join("")));
  fc.assert(fc.property(text, fc.integer({ min: 1, max: 9 }), (words, length) => {
    fc.pre(!/<\/?(tool_call|think)>|```tool_code/.test(words));
    fc.pre(!HALF_TAG.test(words));
    const pieces = readInPieces(inPieces(words, [length])).pieces;
    assert.deepEqual(pieces, words === "" ? [] : [{ type: "text", text: words }]);
  }));
});

const name = fc.oneof(
  fc.constantFrom(...Object.keys(HOUSE_TOOLS)),
  fc.constantFrom("constructor", "toString", "a-b_c.d"),
);
const key = fc.oneof(fc.constantFrom("city", "constructor", "x </tool_call>", "é", ""), anyText({ maxLength: 5 }))
  .filter((text) => text !== "__proto__");
const { tree: json } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(anyText({ maxLength: 9 }), fc.constantFrom("</tool_call>", "}", '"}}', "<think>", "\\", "\n", "'", "```")),
    fc.oneof(
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value === 0 ? 0 : value),
    ),
    fc.constantFrom(true, false, null),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 3 }),
  ),
}));
const calls = fc.array(fc.record({ name, arguments: fc.dictionary(key, json, { maxKeys: 4 }) }), {
  minLength: 1,
  maxLength: 4,
});

/** Doubles as JSON writes them: whole numbers that a double holds by chance are text to the parser. */
function asRead(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value),
    (_, inner) =>
      typeof inner === "number" && /^-?\d+$/.test(JSON.stringify(inner)) && !Number.isSafeInteger(inner)
        ? JSON.stringify(inner)
        : inner,
  );
}

function callsIn(pieces: readonly ReplyPiece[]): unknown[] {
  return pieces.map((piece) => {
    assert.ok(piece.type === "call", JSON.stringify(piece));
    assert.equal(piece.call.mended, undefined);
    const { name, arguments: given } = piece.call;
    return JSON.parse(JSON.stringify({ name, arguments: given }));
  });
}

Deno.test("readReply() reads calls back, as an object and as JSON text", () => {
  fc.assert(fc.property(calls, fc.constantFrom("\n", "", "\r\n", "  "), (list, space) => {
    const write = (call: unknown) => `<tool_call>${space}${JSON.stringify(call)}${space}</tool_call>`;
    const expected = list.map(asRead);
    assert.deepEqual(callsIn(readReply(list.map(write).join(space))), expected);
    const inText = list.map((call) => ({ ...call, arguments: JSON.stringify(call.arguments) }));
    assert.deepEqual(callsIn(readReply(inText.map(write).join(space))), expected);
  }));
});

Deno.test("readReply() reads back what the chat template and callText() write", () => {
  const tokenizer = tinyTokenizer().withChatTemplate(chatMlTemplate);
  const value = fc.oneof(
    anyText({ maxLength: 9 }),
    fc.integer(),
    fc.constantFrom(1.75, -0.5, "x ≡ 4", "it's", "</tool_call>"),
  );
  const list = fc.array(fc.dictionary(fc.constantFrom("a", "city", "height_m"), value), { minLength: 1, maxLength: 3 });
  fc.assert(fc.property(list, (values) => {
    const given = values.map((each) => ({ name: "weather", arguments: { ...each } }));
    const text = tokenizer.applyChatTemplate([
      { role: "user", content: "?" },
      { role: "assistant", content: "", tool_calls: given.map((each) => ({ type: "function", function: each })) },
    ]);
    const opening = "<|im_start|>assistant\n";
    const turn = text.slice(text.indexOf(opening) + opening.length).replace(/<\|im_end\|>\n$/, "");
    assert.deepEqual(callsIn(readReply(turn)), asRead(given));
    assert.deepEqual(callsIn(readReply(callText(given))), asRead(given));
  }));
});

/** Text that makes parsers start again and again. */
const STUBBORN: readonly string[] = [
  "<tool_call>",
  '<tool_call>{"',
  '<tool_call>{"</tool_call>',
  '<tool_call>{"</tool_call>\n',
  '<tool_call>{"\\"</tool_call>',
  '<tool_call>{"a": "</tool_call> ',
  '<tool_call>{"a": "</tool_call>", ',
  '<tool_call>{"a": "\\"</tool_call> ", "b": "',
  '<tool_call>{"name": "a"}',
  '<tool_call>{"name": "a", "arguments": {"x": [[[[',
  "</tool</tool_call>",
  "<tool_call</think>",
  "<<<<<<</tool_cal",
  "<think>",
  "<think><tool_call>{</think>",
  "```tool_code ",
  "```tool_code f('``` ",
  "```tool_code f(\\'``` ",
  "```tool_code f('\\'``` ",
  "```tool_code f('``` f(\"``` ",
  "```tool_code\nf('```\n",
  "```tool_code # '``` ",
  "`<tool_call>",
  "`<tool_call>`",
  "`````",
];

Deno.test("ReplyParser reads no character of a stubborn reply more than three times", () => {
  const atRandom = fc.array(fc.constantFrom(...STUBBORN, "\n", '"', "'"), { minLength: 2, maxLength: 6 }).map((list) =>
    list.join("")
  );
  const check = (unit: string, length: number, cut: number) => {
    const text = unit.repeat(Math.ceil(length / unit.length));
    for (const ending of ["", "\n", '"', "'\n", '"}}</tool_call>']) {
      const { steps } = readInPieces(inPieces(text + ending, [cut]));
      assert.ok(steps <= 3 * (text.length + ending.length) + 10, `${JSON.stringify(unit)}: ${steps} of ${text.length}`);
    }
  };
  for (const unit of STUBBORN) for (const length of [1_000, 30_000]) check(unit, length, 7);
  fc.assert(fc.property(atRandom, fc.integer({ min: 1, max: 500 }), (unit, cut) => check(unit, 2_000, cut)), {
    numRuns: 300,
  });
});

Deno.test("ReplyParser makes of stubborn replies what it makes of them in pieces", () => {
  for (const unit of STUBBORN) {
    const text = unit.repeat(20);
    const whole = readReply(text);
    assert.deepEqual(readInPieces(inPieces(text, [3])).pieces, whole);
    assert.ok(
      !/<\/?(tool_call|think)>/.test(
        short(whole.filter(({ type }) => type === "text")).join("").replaceAll("`<tool_call>`", ""),
      ),
    );
  }
});
