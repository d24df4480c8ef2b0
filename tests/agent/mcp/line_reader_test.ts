import assert from "node:assert/strict";
import fc from "fast-check";
import { LineReader } from "../../../lib/agent/mcp/line_reader.ts";
import { anyText } from "../../support/any_text.ts";

Deno.test("LineReader gives the same lines in whatever parts they come", () => {
  fc.assert(fc.property(fc.array(anyText()), fc.array(fc.nat({ max: 7 })), (texts, sizes) => {
    const lines = texts.map((text) => text.replaceAll("\n", "").replaceAll("\ufeff", ""));
    const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    const reader = new LineReader(1000);
    const read: string[] = [];
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const end = at + 1 + (sizes[turn % sizes.length] ?? 3);
      read.push(...reader.read(bytes.subarray(at, end))!);
      at = end;
    }
    assert.deepEqual(read, lines);
  }));
});

Deno.test("LineReader gives up a line that is too long, for good", () => {
  const reader = new LineReader(4);
  const bytes = (text: string) => new TextEncoder().encode(text);
  assert.deepEqual(reader.read(bytes("abcd\nef")), ["abcd"]);
  assert.deepEqual(reader.read(bytes("gh\n")), ["efgh"]);
  assert.deepEqual(reader.read(bytes("abc")), []);
  assert.equal(reader.read(bytes("de")), undefined);
  assert.equal(reader.read(bytes("\n")), undefined);
});
