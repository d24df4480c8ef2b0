import assert from "node:assert/strict";
import { scriptedChatModel, type ScriptLine } from "../../../lib/agent/chat/mod.ts";
import { evaluateToolUse, type ToolUseCase, toolUseCases } from "../../../lib/agent/evaluate/mod.ts";

/** A model that does what the corpus would have it do. */
function perfectModel(cases: readonly ToolUseCase[]) {
  const turns = cases.flatMap(({ reference }) =>
    reference.map(({ content, tool_calls = [] }): ScriptLine => ({
      text: content as string,
      calls: tool_calls.map(({ function: { name, arguments: given } }) => ({
        name,
        arguments: given as Record<string, unknown>,
      })),
    }))
  );
  return scriptedChatModel(turns);
}

Deno.test("evaluateToolUse() finds nothing wrong with a model that does what is right", async () => {
  const cases = toolUseCases(150);
  assert.deepEqual(new Set(cases.map(({ kind }) => kind)), new Set(["tool", "no tool", "missing tool"]));
  let last = 0;
  const model = perfectModel(cases);
  const { rows, byKind } = await evaluateToolUse({ model, cases, onProgress: (done) => last = done });
  const wrong = rows.filter(({ rightCalls, rightAnswer }) => !rightCalls || !rightAnswer);
  assert.deepEqual(wrong, []);
  assert.equal(last, 150);
  for (const { calls, answers } of Object.values(byKind)) {
    assert.deepEqual([calls.share, answers.share], [1, 1]);
    assert.ok(calls.low < 1 && calls.count > 5);
  }
});

Deno.test("evaluateToolUse() tells calls that are not right, calls where none are due, and answers that are not", async () => {
  const cases = toolUseCases(60);
  const silent = await evaluateToolUse({ model: scriptedChatModel(() => "I do not know."), cases });
  assert.equal(silent.byKind.tool!.calls.share, 0);
  assert.equal(silent.byKind["no tool"]!.calls.share, 1);
  assert.ok(silent.byKind.tool!.answers.share < 0.1);
  const wild = scriptedChatModel(() => ({ calls: [{ name: "anything" }] }));
  const { rows, byKind } = await evaluateToolUse({ model: wild, cases });
  assert.deepEqual([byKind.tool!.calls.share, byKind["no tool"]!.calls.share], [0, 0]);
  assert.ok(rows.every(({ reason, answer }) => reason === "invalid calls" && answer === null));
});

Deno.test("toolUseCases() gives the same cases each time, and others for another seed", () => {
  const told = (cases: ToolUseCase[]) => cases.map(({ messages }) => messages.at(-1)!.content);
  assert.deepEqual(told(toolUseCases(30)), told(toolUseCases(60)).slice(0, 30));
  assert.notDeepEqual(told(toolUseCases(30, { seed: 1 })), told(toolUseCases(30)));
});

Deno.test("evaluateToolUse() throws when the model fails, there are no cases, or it is stopped", async () => {
  const cases = toolUseCases(3);
  const failing = scriptedChatModel(() => ({ failure: new Error("out of memory") }));
  await assert.rejects(evaluateToolUse({ model: failing, cases }), /scripted: out of memory/);
  await assert.rejects(evaluateToolUse({ model: failing, cases: [] }), /there are no cases/);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(evaluateToolUse({ model: perfectModel(cases), cases, signal }), /enough/);
});

Deno.test("evaluateToolUse() takes an attempt at a call for one, though nothing stands in it", async () => {
  const cases = toolUseCases(60).filter(({ kind }) => kind !== "tool");
  const { byKind } = await evaluateToolUse({ model: scriptedChatModel(() => "<tool_call></tool_call>"), cases });
  assert.deepEqual(Object.values(byKind).map(({ calls }) => calls.share), [0, 0]);
});

Deno.test("evaluateToolUse() takes right calls with an attempt at another for wrong", async () => {
  const cases = toolUseCases(60).filter(({ kind }) => kind === "tool").slice(0, 5);
  const scripted = perfectModel(cases);
  const model = {
    ...scripted,
    async *stream(request: Parameters<typeof scripted.stream>[0]) {
      for await (const event of scripted.stream(request)) {
        yield event;
        if (event.type !== "call") continue;
        yield {
          type: "invalidCall" as const,
          call: { id: "x", raw: "", kind: "not json" as const, problem: "nothing stands between the tags" },
        };
      }
    },
  };
  const { byKind } = await evaluateToolUse({ model, cases });
  assert.deepEqual([byKind.tool!.calls.share, byKind.tool!.answers.share], [0, 1]);
});

Deno.test("toolUseCases() refuses a count that cannot be", () => {
  for (const count of [0, 1.5, NaN, Infinity]) assert.throws(() => toolUseCases(count), RangeError);
});
