import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Bytes,
  checkGreeting,
  concatBytes,
  encodeFrame,
  encodeGreeting,
  encodeMessage,
  encodeReady,
  type Frame,
  FrameDecoder,
  MAX_FRAME_BYTES,
  readCommand,
  ZmtpError,
} from "../../lib/notebook/zmtp_frames.ts";

/** Bodies around the length where the header changes form. */
const body = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ minLength: 250, maxLength: 260 }),
  fc.uint8Array({ maxLength: 2000 }),
).map((bytes) => new Uint8Array(bytes));

const frame = fc.record({ command: fc.boolean(), more: fc.boolean(), body }, { noNullPrototype: true });

/** Cuts bytes at the given shares of their length. */
function cut(bytes: Bytes, shares: readonly number[]): Bytes[] {
  const ends = [...shares.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b), bytes.length];
  return ends.map((end, i) => bytes.slice(i === 0 ? 0 : ends[i - 1], end));
}

Deno.test("FrameDecoder gives back every frame however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }),
      (frames, cuts) => {
        const decoder = new FrameDecoder();
        const chunks = cut(concatBytes(frames.map(encodeFrame)), cuts);
        assert.deepEqual(chunks.flatMap((chunk) => decoder.push(chunk)), frames);
      },
    ),
  );
});

Deno.test("FrameDecoder gives back every frame when bytes come one by one", () => {
  const frames: Frame[] = [
    { command: false, more: true, body: new Uint8Array(0) },
    { command: false, more: false, body: new Uint8Array(300).fill(7) },
    { command: true, more: false, body: new Uint8Array([1, 2]) },
  ];
  const decoder = new FrameDecoder();
  const bytes = concatBytes(frames.map(encodeFrame));
  assert.deepEqual([...bytes].flatMap((byte) => decoder.push(new Uint8Array([byte]))), frames);
});

Deno.test("FrameDecoder answers arbitrary bytes with frames or a ZmtpError", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), (chunks) => {
      const decoder = new FrameDecoder();
      try {
        for (const chunk of chunks) decoder.push(chunk);
      } catch (error) {
        assert(error instanceof ZmtpError);
      }
    }),
  );
});

Deno.test("FrameDecoder refuses a length over the limit without allocating it", () => {
  const header = new Uint8Array(9);
  header[0] = 2;
  new DataView(header.buffer).setBigUint64(1, BigInt(MAX_FRAME_BYTES) + 1n);
  assert.throws(() => new FrameDecoder().push(header), /over the limit/);
});

Deno.test("encodeMessage marks every frame but the last as followed by another", () => {
  fc.assert(
    fc.property(fc.array(body, { minLength: 1, maxLength: 6 }), (parts) => {
      const frames = new FrameDecoder().push(encodeMessage(parts));
      assert.deepEqual(frames.map(({ body }) => body), parts);
      assert.deepEqual(frames.map(({ more }) => more), parts.map((_, i) => i < parts.length - 1));
    }),
  );
  assert.throws(() => encodeMessage([]), ZmtpError);
});

Deno.test("encodeFrame follows the specification's bytes", () => {
  const short = encodeFrame({ command: false, more: true, body: new Uint8Array([9, 8]) });
  assert.deepEqual([...short], [1, 2, 9, 8]);
  const long = encodeFrame({ command: true, more: false, body: new Uint8Array(256) });
  assert.deepEqual([...long.subarray(0, 9)], [6, 0, 0, 0, 0, 0, 0, 1, 0]);
});

Deno.test("checkGreeting takes our own greeting and refuses others", () => {
  checkGreeting(encodeGreeting());
  const changed = (index: number, value: number) => {
    const greeting = encodeGreeting();
    greeting[index] = value;
    return greeting;
  };
  assert.throws(
    () => checkGreeting(new TextEncoder().encode("HTTP/1.1 400 Bad Request".padEnd(64))),
    /something else listens/,
  );
  assert.throws(() => checkGreeting(changed(10, 2)), /version 3/);
  assert.throws(() => checkGreeting(changed(12, 0x58)), /XULL mechanism/);
});

Deno.test("readCommand reads the name of READY and refuses a cut one", () => {
  const ready = encodeReady({ "Socket-Type": "DEALER" });
  assert.equal(readCommand(ready).name, "READY");
  assert.equal(new TextDecoder().decode(readCommand(ready).data), "\x0bSocket-Type\0\0\0\x06DEALER");
  assert.throws(() => readCommand(ready.subarray(0, 3)), ZmtpError);
  assert.throws(() => readCommand(new Uint8Array()), ZmtpError);
});
