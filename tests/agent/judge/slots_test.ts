import assert from "node:assert/strict";
import { Slots } from "../../../lib/agent/judge/slots.ts";

const never = new AbortController().signal;

Deno.test("Slots gives no slot to one who was aborted while waiting", async () => {
  const slots = new Slots(1);
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const first = slots.run(() => held, never);
  const controller = new AbortController();
  const second = slots.run(() => Promise.resolve(assert.fail("it was aborted")), controller.signal);
  const third = slots.run(() => Promise.resolve("third"), never);
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(second, reason);
  release();
  await first;
  assert.equal(await third, "third");
  assert.equal(await slots.run(() => Promise.resolve("fourth"), never), "fourth");
});

Deno.test("Slots gives the slot back of what throws", async () => {
  const slots = new Slots(1);
  await assert.rejects(slots.run(() => Promise.reject(new Error("no")), never), /no/);
  assert.equal(await slots.run(() => Promise.resolve(1), never), 1);
});

Deno.test("Slots.map() stops the others when one throws, and waits for them", async () => {
  const slots = new Slots(3);
  const ended: number[] = [];
  const mapping = slots.map([0, 1, 2, 3], async (item, signal) => {
    if (item === 1) throw new Error("no 1");
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    ended.push(item);
  });
  await assert.rejects(mapping, /no 1/);
  // The last one had no slot yet, or was stopped at once.
  assert.deepEqual(ended.slice(0, 2), [0, 2]);
});
