import assert from "node:assert/strict";
import { createParser } from "eventsource-parser";
import * as fc from "fast-check";
import { Admission } from "../../../lib/serve/http/admission.ts";
import { EngineRequestError } from "../../../lib/serve/engine/mod.ts";
import { ApiError, knownError } from "../../../lib/serve/http/api_error.ts";
import { merged } from "../../../lib/serve/http/merge.ts";
import { Counter, Histogram } from "../../../lib/serve/http/metrics.ts";
import { SessionTurns } from "../../../lib/serve/http/session_turns.ts";
import { eventBytes } from "../../../lib/serve/http/sse.ts";
import { anyText } from "../../support/any_text.ts";

Deno.test("eventBytes() writes what a reader of events reads again, whatever the data", () => {
  fc.assert(fc.property(anyText(), (text) => {
    const data = text.toWellFormed();
    const read: { event?: string; data: string }[] = [];
    createParser({ onEvent: ({ event, data }) => void read.push({ event, data }) })
      .feed(new TextDecoder("utf-8", { ignoreBOM: true }).decode(eventBytes({ event: "x", data })));
    assert.deepEqual(read, [{ event: "x", data: data.replace(/\r\n|\r/g, "\n") }]);
  }));
});

Deno.test("Admission lets no more in than it may, and forgets who has left", () => {
  const client = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({ client, replies: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ leave: fc.nat({ max: 20 }) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const refusals: string[] = [];
    const admission = new Admission({ maxRequests: 8, maxRequestsPerClient: 5 }, (why) => refusals.push(why));
    const inside: { client: string; replies: number; leave: () => void }[] = [];
    const sum = (of?: string) =>
      inside.filter(({ client }) => of === undefined || client === of).reduce(
        (total, { replies }) => total + replies,
        0,
      );
    for (const each of steps) {
      if ("leave" in each) {
        const [one] = inside.splice(each.leave % Math.max(1, inside.length), 1);
        one?.leave();
        one?.leave();
      } else {
        const fits = sum() + each.replies <= 8 && sum(each.client) + each.replies <= 5;
        const before = refusals.length;
        try {
          inside.push({ ...each, leave: () => {} });
          const { leave } = admission.enter(each.client, each.replies);
          inside.at(-1)!.leave = leave;
          assert.ok(fits);
        } catch (error) {
          inside.pop();
          assert.ok(error instanceof ApiError && error.status === 429 && !fits);
          assert.equal(refusals.length, before + 1);
        }
      }
      assert.equal(admission.inside, sum());
    }
  }));
});

Deno.test("knownError() names fields as requests have them", () => {
  const named: [EngineRequestError, string | undefined][] = [
    [new EngineRequestError("option", "topP: expected ...", "topP"), "top_p"],
    [new EngineRequestError("option", "input: expected at least one token", "input"), "prompt"],
    [new EngineRequestError("option", "seed: expected ...", "seed"), "seed"],
    [new EngineRequestError("tooLong", "texts[1]: it has 300 tokens", "texts"), "input"],
    [new EngineRequestError("tooLong", "the prompt has 900 tokens", "input"), undefined],
    [new EngineRequestError("template", "messages: roles must alternate", "messages"), "messages"],
  ];
  for (const [error, param] of named) {
    const known = knownError(error);
    assert.deepEqual([known?.status, known?.details.param], [400, param], error.message);
  }
});

Deno.test("Admission.empty() waits for the last one", async () => {
  const admission = new Admission({ maxRequests: 2 });
  await admission.empty();
  const [a, b] = [admission.enter("x"), admission.enter("y")];
  let isEmpty = false;
  const empty = admission.empty().then(() => isEmpty = true);
  a.leave();
  await Promise.resolve();
  assert.equal(isEmpty, false);
  b.leave();
  await empty;
  admission.close();
  assert.throws(() => admission.enter("x"), (error) => error instanceof ApiError && error.status === 503);
});

async function* numbers(count: number, log: string[], name: string): AsyncGenerator<number, void> {
  try {
    for (let i = 0; i < count; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      yield i;
    }
  } finally {
    log.push(name);
  }
}

Deno.test("merged() gives all values of all streams, each stream's in their order", async () => {
  const log: string[] = [];
  const all = await Array.fromAsync(merged([numbers(3, log, "a"), numbers(0, log, "b"), numbers(5, log, "c")]));
  assert.deepEqual(all.filter(({ index }) => index === 2).map(({ value }) => value), [0, 1, 2, 3, 4]);
  assert.equal(all.length, 8);
  assert.deepEqual(log.sort(), ["a", "b", "c"]);
});

Deno.test("merged() leaves all streams when its reader leaves, and when one of them fails", async () => {
  const log: string[] = [];
  for await (const { value } of merged([numbers(100, log, "a"), numbers(100, log, "b")])) if (value === 3) break;
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(log.sort(), ["a", "b"]);
  async function* failing(): AsyncGenerator<number, void> {
    yield 1;
    throw new Error("broken");
  }
  await assert.rejects(Array.fromAsync(merged([numbers(100, log, "c"), failing()])), /broken/);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(log.sort(), ["a", "b", "c"]);
});

Deno.test("SessionTurns begins a turn when the one before has ended, and not for who has gone", async () => {
  const turns = new SessionTurns();
  const signal = new AbortController().signal;
  const end = await turns.begin("s", () => {}, signal);
  await turns.begin("other", () => {}, signal).then((endOther) => endOther());
  const gone = new AbortController();
  const waiting = turns.begin("s", () => {}, gone.signal);
  gone.abort(new Error("gone"));
  await assert.rejects(waiting, /gone/);
  let reason: unknown;
  const next = turns.begin("s", (given) => reason = given, signal);
  end();
  const endNext = await next;
  end();
  assert.equal(turns.running, 1);
  turns.interrupt("s", "stop");
  assert.equal(reason, "stop");
  endNext();
  assert.equal(turns.running, 0);
});

Deno.test("SessionTurns never has two turns at once, also when a question comes just as a turn ends", async () => {
  const turns = new SessionTurns();
  const signal = new AbortController().signal;
  let running = 0;
  const turn = async () => {
    const end = await turns.begin("s", () => {}, signal);
    running++;
    return () => {
      running--;
      end();
    };
  };
  const endFirst = await turn();
  const second = turn();
  await Promise.resolve();
  endFirst();
  const third = turn();
  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
  await settled();
  assert.equal(running, 1);
  (await Promise.race([third, second]))();
  await settled();
  assert.equal(running, 1);
  (await second)();
  assert.deepEqual([running, turns.running], [0, 0]);
});

Deno.test("metrics are written as Prometheus reads them", () => {
  const counter = new Counter("kiln_things_total", "Things.");
  assert.equal(counter.text().split("\n")[2], "kiln_things_total 0");
  counter.add(2, { name: 'a "b"\\\n' });
  assert.equal(counter.text().split("\n")[2], 'kiln_things_total{name="a \\"b\\"\\\\\\n"} 2');
  const histogram = new Histogram("kiln_seconds", "Seconds.", [1, 2]);
  for (const value of [0.5, 1, 1.5, 9]) histogram.observe(value);
  assert.deepEqual(histogram.text().trim().split("\n").slice(2), [
    'kiln_seconds_bucket{le="1"} 2',
    'kiln_seconds_bucket{le="2"} 3',
    'kiln_seconds_bucket{le="+Inf"} 4',
    "kiln_seconds_sum 12",
    "kiln_seconds_count 4",
  ]);
});
