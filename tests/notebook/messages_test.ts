import assert from "node:assert/strict";
import fc from "fast-check";
import { JupyterProtocolError, MessageCodec, readPublished } from "../../lib/notebook/messages.ts";

Deno.test("MessageCodec reads what another codec with the same key wrote", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.array(fc.uint8Array({ maxLength: 9 })),
      (content, routing) => {
        // What JSON can hold: it has no -0, and no key named __proto__ of its own.
        const sent = JSON.parse(JSON.stringify(content));
        const { id, frames } = new MessageCodec("key").encode("execute_request", sent);
        const read = new MessageCodec("key").decode([...routing.map((bytes) => new Uint8Array(bytes)), ...frames]);
        assert.deepEqual(read, { id, type: "execute_request", parentId: undefined, content: sent });
      },
    ),
  );
});

Deno.test("MessageCodec refuses a message with any byte changed", () => {
  const { frames } = new MessageCodec("key").encode("status", { execution_state: "idle" });
  const positions = frames.flatMap((frame, i) => [...frame.keys()].map((j) => [i, j]));
  fc.assert(
    fc.property(fc.constantFrom(...positions), fc.integer({ min: 1, max: 255 }), ([i, j], change) => {
      const changed = frames.map((frame) => frame.slice());
      changed[i][j] ^= change;
      // A hexadecimal digit may be written in upper case; that changes nothing.
      fc.pre(!(i === 1 && change === 0x20));
      assert.throws(() => new MessageCodec("key").decode(changed), JupyterProtocolError);
    }),
  );
});

Deno.test("MessageCodec refuses a message signed with another key, or without parts", () => {
  const { frames } = new MessageCodec("key").encode("status", {});
  assert.throws(() => new MessageCodec("other").decode(frames), /wrong signature/);
  assert.throws(() => new MessageCodec("key").decode(frames.slice(0, 4)), /four parts/);
  assert.throws(() => new MessageCodec("key").decode([]), /four parts/);
});

Deno.test("readPublished() names what is wrong in a message of a known kind and passes over other kinds", () => {
  const message = (type: string, content: unknown) => ({ id: "1", type, parentId: "0", content });
  assert.equal(readPublished(message("comm_open", {})), undefined);
  assert.deepEqual(readPublished(message("clear_output", {})), { type: "clear_output", content: { wait: false } });
  assert.throws(
    () => readPublished(message("stream", { name: "stdout" })),
    /stream message of the wrong form[\s\S]*text/,
  );
});
