import assert from "node:assert/strict";
import { EngineUnavailableError, openEngine } from "../../../lib/serve/engine/mod.ts";
import { eventsOf, LONG, tokensOf, until, withServed } from "./served_folder.ts";

const CRASHING = new URL("./crashing_worker.ts", import.meta.url);

const isUnavailable = (state: "closed" | "crashed", message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof EngineUnavailableError, String(error));
  assert.equal(error.state, state);
  assert.match(error.message, message);
  return true;
};

Deno.test("Engine.dispose() rejects what is pending", () =>
  withServed(async ({ open }) => {
    const engine = await open({ maxRows: 1 });
    const begun = engine.generate(LONG);
    await begun.next();
    const waiting = eventsOf(engine, LONG);
    const closed = engine.dispose();
    assert.equal(engine.state, "closing");
    const closing = isUnavailable("closed", /^the engine was closed before the answer was there$/);
    await assert.rejects(waiting, closing);
    await assert.rejects(Array.fromAsync(begun), closing);
    await closed;
    await engine.dispose();
    assert.equal(engine.state, "closed");
    const gone = isUnavailable("closed", /^the engine is closed$/);
    await assert.rejects(eventsOf(engine, LONG), gone);
    await assert.rejects(engine.countTokens(LONG.model, LONG.input), gone);
    await assert.rejects(engine.embed(["a"]), gone);
    assert.equal((await engine.stats()).state, "closed");
  }));

Deno.test("Engine.dispose() lets what is pending finish in its time of grace, and takes nothing new", () =>
  withServed(async ({ open }) => {
    // What is not read does not finish.
    const engine = await open({ maxRows: 1, windowTokens: 8 });
    const pending = [40, 50].map((maxTokens) => engine.generate({ ...LONG, maxTokens }));
    const begun = pending.map((iterator) => iterator.next());
    const closed = engine.dispose({ graceSeconds: 60 });
    await assert.rejects(eventsOf(engine, LONG), isUnavailable("closed", /^the engine is closed$/));
    assert.equal((await engine.stats()).state, "closing");
    for (const [at, tokens] of [40, 50].entries()) {
      assert.equal((await begun[at]).value.type, "start");
      assert.equal(tokensOf(await Array.fromAsync(pending[at])).length, tokens);
    }
    await closed;
    assert.equal(engine.state, "closed");
    // Grace ends.
    const other = await open({ windowTokens: 8 });
    const cut = other.generate(LONG);
    await cut.next();
    await other.dispose({ graceSeconds: 0.01 });
    await assert.rejects(Array.fromAsync(cut), isUnavailable("closed", /closed before/));
  }));

Deno.test("Engine.stats() answers whenever it is asked while the engine closes", () =>
  withServed(async ({ open }) => {
    const engine = await open();
    const asked: Promise<{ state: string }>[] = [];
    const closed = engine.dispose();
    while (engine.state === "closing") {
      asked.push(engine.stats());
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await closed;
    for (const { state } of await Promise.all(asked)) assert.match(state, /^clos(ing|ed)$/);
  }));

Deno.test("Engine.generate() asks for nothing when it is left before its first step", () =>
  withServed(async ({ open }) => {
    const engine = await open();
    const left = engine.generate(LONG);
    await left.return!();
    assert.deepEqual(await left.next(), { done: true, value: undefined });
    const aborted = new AbortController();
    const also = engine.generate(LONG, { signal: aborted.signal });
    await also.next();
    aborted.abort(new Error("enough"));
    await also.return!();
    assert.deepEqual(await also.next(), { done: true, value: undefined });
    assert.equal((await until(engine, ({ requests }) => requests.aborted === 1)).activeRows, 0);
  }));

for (const [how, message] of [["crash", "it fell over"], ["reject", "it was rejected"]]) {
  Deno.test(`Engine says that its worker has crashed, and rejects what is pending (${how})`, () =>
    withServed(async ({ open }) => {
      const engine = await open({ maxRows: 1 }, CRASHING);
      const begun = engine.generate(LONG);
      await begun.next();
      const { completionTokens } = await until(engine, ({ completionTokens }) => completionTokens > 3);
      const waiting = eventsOf(engine, LONG);
      const last = eventsOf(engine, { ...LONG, input: { text: `please ${how}` } });
      const crashed = isUnavailable("crashed", new RegExp(`^the engine has crashed: .*${message}`));
      for (const rejected of [waiting, last, Array.fromAsync(begun)]) {
        await assert.rejects(rejected, crashed);
      }
      assert.equal(engine.state, "crashed");
      const stats = await engine.stats();
      assert.equal(stats.state, "crashed");
      assert.match(stats.failure!, new RegExp(message));
      assert.ok(stats.completionTokens >= completionTokens);
      await assert.rejects(eventsOf(engine, LONG), crashed);
      await assert.rejects(engine.countTokens("small", { text: "a" }), crashed);
      await engine.dispose();
    }));
}

Deno.test("openEngine() says what cannot be opened", () =>
  withServed(async ({ options }) => {
    const bad: [Parameters<typeof openEngine>[0], RegExp][] = [
      [{ ...options, model: "/nowhere/at/all" }, /There is no folder \/nowhere\/at\/all/],
      [{ ...options, adapters: { doctor: "/nowhere/at/all" } }, /There is no folder/],
      [{ ...options, adapters: { doctor: options.model } }, /adapter_config\.json: cannot be read/],
      [{ ...options, adapters: { small: options.adapters!.poet } }, /"small" is the base model's id already/],
      [{ ...options, embedder: "nobody-knows-it" }, /nobody-knows-it/],
      [{ ...options, maxRows: 0 }, /maxRows: expected a whole number from 1, got 0/],
      [{ ...options, windowTokens: 1.5 }, /windowTokens: expected a whole number from 1, got 1.5/],
      [{ ...options, modelId: "poet" }, /adapters: "poet" is the base model's id already/],
      [{ ...options, stallSeconds: 0 }, /stallSeconds: expected seconds above 0/],
    ];
    for (const [given, message] of bad) await assert.rejects(openEngine(given), message);
  }));
