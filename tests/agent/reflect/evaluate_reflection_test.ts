import assert from "node:assert/strict";
import { localChatModel, scriptedChatModel } from "../../../lib/agent/chat/mod.ts";
import {
  CASE_KINDS,
  chatAuditor,
  compareReflections,
  evaluateReflection,
  houseAuditor,
  reflectionCases,
  reflectionTable,
} from "../../../lib/agent/reflect/mod.ts";
import { withHouseModel } from "../../support/house_model.ts";
import { written } from "./warfarin_case.ts";

Deno.test("reflectionCases() gives 60 cases, 12 of each kind, the same each time", () => {
  const cases = reflectionCases();
  assert.equal(cases.length, 60);
  for (const kind of CASE_KINDS) assert.equal(cases.filter((one) => one.kind === kind).length, 12);
  assert.deepEqual(reflectionCases().map(({ draft }) => draft), cases.map(({ draft }) => draft));
  assert.notDeepEqual(reflectionCases({ seed: 1 }).map(({ draft }) => draft), cases.map(({ draft }) => draft));
});

Deno.test("evaluateReflection() counts an auditor that knows the faults, and one that spoils what is right", async () => {
  const cases = reflectionCases({ perKind: 3, seed: "counts" });
  const caseOf = (messages: readonly { content?: unknown }[]) =>
    cases.find(({ draft, question, evidence }) =>
      [draft, question, ...evidence].every((text) => String(messages[1].content).includes(text))
    );
  const knowing = chatAuditor(scriptedChatModel(({ messages }) => {
    // A mended draft is asked about by its own text, and is then clean.
    const found = caseOf(messages);
    if (found === undefined) return { text: written() };
    return { text: String(messages[0].content).startsWith("You mend") ? found.refined : written(...found.problems) };
  }));
  const right = await evaluateReflection({ auditor: knowing, rules: false, cases });
  assert.deepEqual([right.all.found.count, right.all.fixed.count, right.all.broken.count], [12, 12, 0]);
  assert.equal(right.kinds[0].unchanged.count, 3);
  assert.equal(right.all.falseAlarms.count, 0);
  assert.deepEqual(right.stages.map(({ stage, runs }) => [stage, runs]), [["critique", 15], ["refine", 12], [
    "recheck",
    12,
  ]]);

  const spoiling = chatAuditor(
    scriptedChatModel(({ messages }) => {
      const found = caseOf(messages);
      return { text: written({ kind: "off topic", quote: found?.draft ?? "" }) };
    }),
    { maxRetries: 0 },
  );
  const wrong = await evaluateReflection({ auditor: spoiling, rules: false, cases });
  assert.equal(wrong.all.broken.count, 15);
  assert.equal(wrong.kinds[0].falseAlarms.count, 3);
  assert.ok(wrong.cases.every(({ reflection }) => reflection.outcome === "withheld"));
});

Deno.test("evaluateReflection() counts drafts that could not be checked", async () => {
  const auditor = chatAuditor(scriptedChatModel(() => "no"), { maxRetries: 0 });
  const { all } = await evaluateReflection({ auditor, rules: false, cases: reflectionCases({ perKind: 2 }) });
  assert.deepEqual([all.unchecked.count, all.unchanged.count, all.broken.count], [10, 10, 0]);
});

Deno.test("reflectionTable() has a line for each kind, and compareReflections() one for each auditor", async () => {
  const evaluation = await evaluateReflection({ auditor: null, cases: reflectionCases({ perKind: 2 }) });
  const table = reflectionTable(evaluation);
  assert.equal(table.trim().split("\n").length, 2 + 5 + 1);
  assert.match(table, /\| dosing \| 2 \| 2 of 2 \|/);
  assert.match(compareReflections([evaluation]), /\| rules \| \d of 8 \(\d+ to \d+ %\) \|/);
  await assert.rejects(evaluateReflection({ auditor: null, cases: [] }), RangeError);
});

Deno.test("the house model with the rules fixes nearly all faults, and more than the rules alone, and breaks hardly anything", () =>
  withHouseModel(async ({ model, tokenizer }) => {
    const chat = localChatModel({ model, tokenizer, name: "kiln-tiny" });
    try {
      const cases = reflectionCases({ perKind: 3 });
      const rules = await evaluateReflection({ auditor: null, cases });
      const both = await evaluateReflection({ auditor: houseAuditor(chat), cases });
      assert.ok(both.all.fixed.count >= 11, `${both.all.fixed.count} of 12 fixed\n${reflectionTable(both)}`);
      assert.ok(both.all.fixed.count >= rules.all.fixed.count + 2, `${rules.all.fixed.count} by the rules alone`);
      assert.ok(both.all.broken.count <= 1, `${both.all.broken.count} of 15 broken`);
      const offTopic = both.kinds.find(({ kind }) => kind === "off topic")!;
      assert.ok(offTopic.found.count >= 2, "the rules do not look for what is off topic");
    } finally {
      await chat.dispose();
    }
  }));
