import assert from "node:assert/strict";
import { callFromParts, joinText, readReply, ReplyParser, type ReplyPiece } from "../../../lib/agent/calls/mod.ts";
import { REPLIES } from "./replies.ts";
import { short, tagged } from "./reply_case.ts";

for (const { what, reply, pieces, options, says } of REPLIES) {
  Deno.test(`readReply() reads ${what}`, () => {
    const read = readReply(reply, options);
    assert.deepEqual(short(read), pieces);
    const invalid = read.flatMap((piece) => piece.type === "invalidCall" ? [piece.call.problem] : []);
    if (says !== undefined) assert.match(invalid.join("\n"), says);
  });
}

Deno.test("ReplyParser gives text out as soon as it can be no tag", () => {
  const parser = new ReplyParser();
  const seen = ["a", "b <", "to", "ol_call", "s> ", "<tool_", "call>", "x"].map((piece) => short(parser.push(piece)));
  assert.deepEqual(seen, [["a"], ["b "], [], [], ["<tool_calls> "], [], [], []]);
  assert.deepEqual(short(parser.end()), ["!not json"]);
});

Deno.test("ReplyParser holds back no more than half a tag of text without tags", () => {
  const parser = new ReplyParser();
  const text = "```tool_cod ``` `x` <tool_cal </tool_cal <thin </thin < text\n".repeat(20);
  let shown = "";
  for (let at = 0; at < text.length; at++) {
    for (const piece of parser.push(text[at])) if (piece.type === "text") shown += piece.text;
    assert.ok(text.startsWith(shown));
    assert.ok(at + 1 - shown.length < "```tool_code".length, `${at}: ${shown.length}`);
  }
});

Deno.test("ReplyParser gives a call out at its closing tag", () => {
  const parser = new ReplyParser();
  const reply = tagged('{"name": "today", "arguments": {}}');
  assert.deepEqual(parser.push(reply.slice(0, -1)), []);
  assert.deepEqual(short(parser.push(">")), ["today{}"]);
  assert.deepEqual(parser.end(), []);
});

Deno.test("ReplyParser numbers calls and invalid calls in one row", () => {
  const reply = `${tagged('{"name": "a"}')}${tagged("?")}${tagged('{"name": "b"}')}`;
  const ids = (pieces: readonly ReplyPiece[]) => pieces.map((piece) => "call" in piece ? piece.call.id : "");
  assert.deepEqual(ids(readReply(reply)), ["call_1", "call_2", "call_3"]);
  assert.deepEqual(ids(readReply(reply, { firstCall: 8 })), ["call_8", "call_9", "call_10"]);
});

Deno.test("ReplyParser gives arguments that inherit nothing, at any depth", () => {
  const [piece] = readReply(tagged('{"name": "f", "arguments": {"constructor": {"prototype": [{}]}}}'));
  assert.equal(piece.type, "call");
  assert.ok(piece.type === "call");
  const given = piece.call.arguments;
  assert.equal(Object.getPrototypeOf(given), null);
  assert.equal(given.toString, undefined);
  const inner = given.constructor as unknown as Record<string, [object]>;
  assert.equal(Object.getPrototypeOf(inner), null);
  assert.equal(Object.getPrototypeOf(inner.prototype[0]), null);
});

Deno.test("ReplyParser reports arguments that run away at 64 Ki characters, and reads on after them", () => {
  const runaways = [
    '<tool_call>{"name": "f", "arguments": {"x": "',
    '<tool_call>{"name": "f", "arguments": {"x": [',
    '<tool_call>{"name": "f", "arguments": ',
    "```tool_code\nf(x='",
  ];
  for (const opening of runaways) {
    for (const filling of ["1", "1, ", " ", "x'y"]) {
      if (filling === "1, " && !opening.endsWith("[")) continue;
      if (filling === "x'y" && !opening.endsWith('"')) continue;
      const parser = new ReplyParser();
      assert.deepEqual(parser.push(opening), []);
      const piece = filling.repeat(1000);
      const reports: ReplyPiece[] = [];
      for (let length = 0; length < 300_000; length += piece.length) {
        reports.push(...parser.push(piece));
        if (length < 60_000) assert.deepEqual(reports, []);
        if (length > 70_000) assert.equal(reports.length, 1);
      }
      const [report] = reports;
      assert.ok(report.type === "invalidCall");
      assert.equal(report.call.kind, "too long");
      assert.equal(report.call.raw.length, 2000);
      const closing = opening.startsWith("<") ? "</tool_call>" : "\n```";
      assert.deepEqual(short(joinText([...parser.push(`${closing}Sorry.`), ...parser.end()])), ["Sorry."]);
    }
  }
});

Deno.test("ReplyParser takes a call of just under 64 Ki characters", () => {
  const rest = '{"name": "f", "arguments": {"x": ""}}'.length;
  const call = (length: number) =>
    `<tool_call>{"name": "f", "arguments": {"x": "${"a".repeat(length - rest)}"}}</tool_call>`;
  assert.equal(readReply(call(64 * 1024))[0].type, "call");
  assert.deepEqual(short(readReply(call(64 * 1024 + 1))), ["!too long f"]);
});

Deno.test("ReplyParser keeps the first 2,000 characters of an invalid call, without its tags", () => {
  const [short_] = readReply(`<tool_call>nonsense</tool_call>`);
  assert.ok(short_.type === "invalidCall");
  assert.equal(short_.call.raw, "nonsense");
  const [long] = readReply(`<tool_call>${"nonsense ".repeat(1000)}`);
  assert.ok(long.type === "invalidCall");
  assert.equal(long.call.raw, "nonsense ".repeat(1000).slice(0, 2000));
});

Deno.test("ReplyParser is for one reply", () => {
  const parser = new ReplyParser();
  parser.end();
  assert.deepEqual(parser.end(), []);
  assert.throws(() => parser.push("x"), /its own ReplyParser/);
});

Deno.test("callFromParts() reads arguments as text or object by the same rules", () => {
  const read = (given: unknown, name = "f") => {
    const call = callFromParts("id7", name, given);
    return JSON.parse(JSON.stringify(call));
  };
  assert.deepEqual(read('{"x": 12345678901234567890}'), {
    id: "id7",
    name: "f",
    arguments: { x: "12345678901234567890" },
  });
  assert.deepEqual(read({ x: [1] }), { id: "id7", name: "f", arguments: { x: [1] } });
  for (const none of ["", " ", undefined, null, "null", {}]) assert.deepEqual(read(none).arguments, {});
  for (
    const [given, kind] of [['{"x": 1', "not json"], ['{"__proto__": 1}', "not json"], ["[1]", "not json"], [
      `"${"x".repeat(70_000)}"`,
      "too long",
    ]]
  ) {
    const call = read(given);
    assert.equal(call.kind, kind);
    assert.equal(call.name, "f");
    assert.ok(call.raw.length > 0 && call.raw.length <= 2000);
  }
  assert.equal(read("{}", "").kind, "not a call");
});
