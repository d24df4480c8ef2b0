/** Calls that others labelled, and those of the generated corpus. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readReply, type ReplyPiece } from "../../../lib/agent/calls/mod.ts";
import { parseCalls, toolCallsCorpus } from "../../../lib/data/mod.ts";
import { readJsonl } from "../../../lib/files/mod.ts";
import { tagged } from "./reply_case.ts";

const GLAIVE = fileURLToPath(new URL("../../../../shared/data/tool_calls/glaive.jsonl", import.meta.url));
const chat = z.object({ conversations: z.array(z.object({ from: z.string(), value: z.string() })) });

/** Name and arguments of calls, as plain data; anything else fails. */
function callsOf(pieces: readonly ReplyPiece[]): unknown[] {
  return pieces.map((piece) => {
    assert.ok(piece.type === "call" && piece.call.mended === undefined, JSON.stringify(piece));
    return JSON.parse(JSON.stringify({ name: piece.call.name, arguments: piece.call.arguments }));
  });
}

Deno.test("readReply() reads every labelled call of glaive's chats, and no other", async () => {
  if (!existsSync(GLAIVE)) return console.log("skipped: ../shared/data/tool_calls/glaive.jsonl is not there");
  let calls = 0;
  let others = 0;
  for (const row of (await readJsonl(GLAIVE, chat)).rows) {
    for (const { from, value } of row.conversations) {
      if (from === "function_call") {
        const { name, arguments: given } = JSON.parse(value);
        const inText = JSON.stringify({ name, arguments: JSON.stringify(given) });
        for (const written of [value, JSON.stringify({ name, arguments: given }, null, 2), inText]) {
          assert.deepEqual(callsOf(readReply(tagged(written))), [{ name, arguments: given }]);
        }
        const [text, call, more] = readReply(`I look.\n${tagged(value)}\nOne moment.`);
        assert.deepEqual([text, more], [{ type: "text", text: "I look.\n" }, { type: "text", text: "One moment." }]);
        assert.deepEqual(callsOf([call]), [{ name, arguments: given }]);
        calls++;
      } else if (from === "gpt") {
        assert.deepEqual(readReply(value), [{ type: "text", text: value }]);
        others++;
      }
    }
  }
  assert.ok(calls > 100 && others > 100, `${calls} calls, ${others} other turns`);
});

Deno.test("readReply() agrees with parseCalls() on the replies of the generated corpus", () => {
  let calls = 0;
  let texts = 0;
  for (const split of ["train", "test"] as const) {
    for (let index = 0; index < 300; index++) {
      for (const { reference } of toolCallsCorpus.exampleAt(index, { split }).cases) {
        const strict = parseCalls(reference);
        if (strict === null) {
          assert.deepEqual(readReply(reference), [{ type: "text", text: reference }]);
          texts++;
        } else {
          assert.deepEqual(callsOf(readReply(reference)), strict);
          calls++;
        }
      }
    }
  }
  assert.ok(calls > 300 && texts > 300, `${calls} turns of calls, ${texts} of text`);
});
