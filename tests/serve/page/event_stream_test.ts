import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import { readEvents } from "../../../lib/serve/page/event_stream.js";
import { anyText } from "../../support/any_text.ts";

const events = async (chunks: Iterable<Uint8Array<ArrayBuffer>>) =>
  await Array.fromAsync(readEvents(ReadableStream.from(chunks)));
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("readEvents() reads names, data of several lines, comments and every kind of line end", async () => {
  const text =
    "event: a\ndata: 1\n\n: comment\n\ndata:2\r\ndata: 3\r\n\r\nevent: c\rdata\rid: 7\r\revent: lost\n\ndata: cut short";
  deepEqual(await events([bytes(text)]), [
    { event: "a", data: "1" },
    { event: "message", data: "2\n3" },
    { event: "c", data: "" },
  ]);
});

Deno.test("readEvents() gives the same events wherever the bytes are cut", async () => {
  const event = fc.record({
    event: fc.constantFrom("text", "answer"),
    data: anyText().map((text) => JSON.stringify(text.toWellFormed())),
  });
  await fc.assert(fc.asyncProperty(
    fc.array(event, { maxLength: 6 }),
    fc.constantFrom("\n", "\r\n"),
    fc.array(fc.nat({ max: 400 }), { maxLength: 8 }),
    async (written, end, cuts) => {
      const whole = bytes(written.map(({ event, data }) => `event: ${event}${end}data: ${data}${end}${end}`).join(""));
      const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
      deepEqual(await events(places.slice(1).map((to, i) => whole.slice(places[i], to))), written);
    },
  ));
});

Deno.test("readEvents() cancels the body when the reader leaves, and passes its error on", async () => {
  let isCancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(bytes("data: 1\n\n")),
    cancel: () => void (isCancelled = true),
  });
  for await (const { data } of readEvents(endless)) {
    equal(data, "1");
    break;
  }
  ok(isCancelled);
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
  await rejects(Array.fromAsync(readEvents(broken)), /gone/);
});
