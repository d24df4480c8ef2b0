import assert from "node:assert/strict";
import { EngineBusyError, EngineRequestError, type GenerateRequest } from "../../../lib/serve/engine/mod.ts";
import { BASE, eventsOf, LONG, tokenizer, tokensOf, until, withServed } from "./served_folder.ts";

Deno.test("Engine.generate() refuses what makes no sense, before it starts, and goes on with others", () =>
  withServed(async ({ open, options }) => {
    const engine = await open(options);
    const chat = { messages: [{ role: "user", content: "the cat" }] };
    const bad: [unknown, string, string | undefined, RegExp][] = [
      [
        { model: "nobody", input: { text: "a" } },
        "unknownModel",
        "model",
        /^model "nobody" is not served; expected "small", "doc/,
      ],
      [
        { model: BASE, input: { text: "log ".repeat(2000) } },
        "tooLong",
        "input",
        /^the prompt has \d+ tokens .* reads 1024/,
      ],
      [{ model: BASE, input: { text: "" } }, "option", "input", /at least one token/],
      [
        { model: BASE, input: { tokenIds: [1, 278] } },
        "option",
        "input",
        /token id 278 is outside .* vocabulary of 278/,
      ],
      [{ model: BASE, input: { tokenIds: [1.5] } }, "option", "input", /^input\.tokenIds\.0: /],
      [{ model: BASE, input: { messages: [{ role: 3 }] } }, "option", "input", /^input\.messages\.0\.role: /],
      [{ model: BASE, input: 7 }, "option", "input", /^input: /],
      [{ model: BASE, input: chat, temperature: -1 }, "option", "temperature", /^temperature: expected 0/],
      [{ model: BASE, input: chat, topP: 0 }, "option", "topP", /^topP/],
      [{ model: BASE, input: chat, stop: [""] }, "option", "stop", /^stop\.0: /],
      [{ model: BASE, input: chat, maxTokens: 0 }, "option", "maxTokens", /^maxTokens: /],
      [{ model: BASE, input: chat, topLogProbs: 21 }, "option", "topLogProbs", /^topLogProbs: /],
      [{ model: BASE, input: chat, wish: 1 }, "option", undefined, /wish/],
      [{ model: BASE, input: chat, seed: () => 1 }, "option", undefined, /cannot be read/],
      ["hello", "option", undefined, /./],
    ];
    for (const [request, problem, param, message] of bad) {
      await assert.rejects(eventsOf(engine, request as GenerateRequest), (error) => {
        assert.ok(error instanceof EngineRequestError, String(error));
        assert.deepEqual([error.problem, error.param], [problem, param], error.message);
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(engine.countTokens("nobody", { text: "a" }), /not served/);
    await assert.rejects(engine.embed(["a"]), /there is no embedder/);
    assert.equal(tokensOf(await eventsOf(engine, { model: "poet", input: chat, maxTokens: 3 })).length, 3);
    // More tokens than the context has left are what it has left.
    const all = await eventsOf(engine, {
      model: BASE,
      input: { tokenIds: Array(1000).fill(5) },
      maxTokens: 90,
      topLogProbs: 0,
    });
    assert.ok(tokensOf(all).length <= 24);
    for (const { tokenId, logProb, tokenText, topLogProbs } of tokensOf(all)) {
      assert.ok(logProb! < 0);
      assert.deepEqual([tokenText, topLogProbs], [tokenizer.decode([tokenId]), []]);
    }
    assert.equal((await engine.stats()).state, "ready");
  }));

Deno.test("Engine.generate() frees the row of whoever leaves or aborts", () =>
  withServed(async ({ open }) => {
    // Nobody reads on, so that nobody finishes.
    const engine = await open({ maxRows: 2, maxQueue: 3, windowTokens: 8 });
    for await (const event of engine.generate(LONG)) if (event.type === "token") break;
    await until(engine, ({ requests }) => requests.aborted === 1);
    const controller = new AbortController();
    const iterators = Array.from({ length: 5 }, () => engine.generate(LONG, { signal: controller.signal }));
    const begun = iterators.map((iterator) => iterator.next());
    // Those that wait leave the queue too.
    await begun[0];
    controller.abort(new Error("enough"));
    for (const [at, iterator] of iterators.entries()) {
      const first = await begun[at].catch((error: Error) => error);
      if (first instanceof Error) assert.equal(first.message, "enough");
      else await assert.rejects(iterator.next(), /^Error: enough$/);
      assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    }
    const { requests } = await until(engine, ({ activeRows, waiting, paused }) => activeRows + waiting + paused === 0);
    assert.deepEqual(requests, { finished: 0, aborted: 6, failed: 0, refused: 0 });
    await assert.rejects(eventsOf(engine, LONG, AbortSignal.abort(new Error("never"))), /^Error: never$/);
    // Nothing was asked before the first event is wanted.
    engine.generate(LONG);
    assert.equal((await engine.stats()).waiting, 0);
  }));

Deno.test("Engine.generate() says when it is full, and when to come again", () =>
  withServed(async ({ open }) => {
    const engine = await open({ maxRows: 1, maxQueue: 1, windowTokens: 8 });
    const iterators = [engine.generate(LONG), engine.generate(LONG)];
    const begun = iterators.map((iterator) => iterator.next());
    await begun[0];
    await assert.rejects(eventsOf(engine, LONG), (error) => {
      assert.ok(error instanceof EngineBusyError);
      assert.ok(error.waiting >= 1 && error.maxQueue === 1);
      assert.ok(error.retryAfterSeconds >= 1 && error.retryAfterSeconds <= 60);
      return true;
    });
    assert.equal((await engine.stats()).requests.refused, 1);
    await iterators[0].return!();
    assert.equal((await begun[1]).value.type, "start");
    assert.equal((await eventsOf(engine, { ...LONG, maxTokens: 4 })).at(-1)?.type, "end");
    await iterators[1].return!();
  }));
