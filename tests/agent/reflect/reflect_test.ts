import assert from "node:assert/strict";
import fc from "fast-check";
import { scriptedChatModel, type ScriptLine } from "../../../lib/agent/chat/mod.ts";
import { audit, type Auditor, chatAuditor, reflect, type StageEvent } from "../../../lib/agent/reflect/mod.ts";
import { anyText } from "../../support/any_text.ts";
import { FAULTY, MENDED, PROBLEM, RIGHT, WARFARIN, written } from "./warfarin_case.ts";

const OFF_TOPIC = "Your star sign is to blame.";
/** Nothing that rules could find. */
const STARS = { ...WARFARIN, draft: `${OFF_TOPIC} ${RIGHT}` };
const STAR_PROBLEM = { kind: "off topic", quote: OFF_TOPIC } as const;

function scripted(...lines: ScriptLine[]) {
  const model = scriptedChatModel(lines);
  return { model, auditor: chatAuditor(model, { maxRetries: 0, timeoutMs: 2000 }) };
}

Deno.test("reflect() keeps a clean draft to the letter", async () => {
  const { auditor, model } = scripted(written());
  const draft = `${RIGHT}  ${MENDED}\n`;
  const { answer, outcome, critique, recheck, stages } = await reflect({ ...WARFARIN, draft, auditor });
  assert.deepEqual([answer, outcome, recheck], [draft, "kept", null]);
  assert.deepEqual(critique, { verdict: "pass", problems: [], dropped: [] });
  assert.deepEqual(stages.map(({ stage }) => stage), ["critique"]);
  assert.equal(model.requests.length, 1);
});

Deno.test("reflect() takes the auditor's mended text when a second critique is clean", async () => {
  const { auditor, model } = scripted(written(PROBLEM), `${MENDED} ${RIGHT}`, written());
  const events: StageEvent[] = [];
  const { answer, outcome, critique, recheck, refusals, stages } = await reflect({
    ...WARFARIN,
    auditor,
    onStage: (event) => events.push(event),
  });
  assert.deepEqual([answer, outcome, refusals], [`${MENDED} ${RIGHT}`, "refined", []]);
  assert.equal(critique.problems[0].source, "both");
  assert.equal(recheck?.verdict, "pass");
  assert.deepEqual(events.map(({ stage, state }) => `${stage} ${state}`), [
    "critique begun",
    "critique done",
    "refine begun",
    "refine done",
    "recheck begun",
    "recheck done",
  ]);
  assert.ok(events[1].state === "done" && events[1].audit === critique);
  for (const { milliseconds, promptTokens, completionTokens } of stages) {
    assert.ok(milliseconds > 0 && promptTokens > 100 && completionTokens > 0);
  }
  // The auditor saw the evidence and the profile.
  for (const { messages } of model.requests) {
    assert.match(String(messages[1].content), /warfarin[\s\S]*People who take warfarin/);
  }
});

Deno.test("reflect() repairs by rule when the mended text is not good enough", async () => {
  const bad: [string, RegExp][] = [
    [MENDED, /lost "Rest/],
    [`${FAULTY} ${MENDED} ${RIGHT}`, /still says/],
    [`${MENDED.replace("[2]", "[8]")} ${RIGHT}`, /cites \[8\]/],
    [`${MENDED} ${RIGHT} Take naproxen.`, /medicine naproxen is new/],
    [`Because you take warfarim, avoid aspirin [2]. ${RIGHT}`, /warfarim may be a slip for warfarin/],
    [`${MENDED} ${RIGHT} It takes 3 days.`, /number 3 is new/],
    [`Because you take warfarin, avoid aspirin [1]. ${RIGHT}`, /second critique finds invented evidence/],
  ];
  for (const [refined, refusal] of bad) {
    const { auditor } = scripted(written(PROBLEM), refined, written());
    const { answer, outcome, refusals } = await reflect({ ...WARFARIN, auditor });
    assert.deepEqual([answer, outcome], [`${MENDED} ${RIGHT}`, "repaired"], refined);
    assert.match(refusals.join("; "), refusal);
  }
});

Deno.test("reflect() takes a mended text with fewer problems, and takes out by rule what is left", async () => {
  const draft = `${OFF_TOPIC} ${FAULTY} ${RIGHT}`;
  const left = `The stars know it. ${MENDED} ${RIGHT}`;
  const { auditor } = scripted(
    written(STAR_PROBLEM, PROBLEM),
    left,
    written({ kind: "off topic", quote: "The stars know it." }),
  );
  const { answer, outcome, recheck } = await reflect({ ...WARFARIN, draft, auditor });
  assert.deepEqual([answer, outcome], [`${MENDED} ${RIGHT}`, "refined"]);
  assert.equal(recheck?.problems.length, 1);
});

Deno.test("reflect() does not take a mended text that nobody checked again", async () => {
  const { auditor } = scripted(written(PROBLEM), `${MENDED} ${RIGHT}`, "no idea");
  const { outcome, refusals, answer } = await reflect({ ...WARFARIN, auditor });
  assert.equal(outcome, "repaired");
  assert.match(refusals[0], /not checked again/);
  assert.equal(answer, `${MENDED} ${RIGHT}`);
});

Deno.test("reflect() withholds an answer of which nothing is left", async () => {
  const { auditor } = scripted(written(STAR_PROBLEM), "", written());
  const { answer, outcome } = await reflect({ ...STARS, draft: OFF_TOPIC, auditor });
  assert.deepEqual([answer, outcome], ["", "withheld"]);
});

Deno.test("reflect() says that a draft is unchecked when no critique comes, and changes nothing", async () => {
  const failing: [ScriptLine, string][] = [
    ["I think it is fine.", "malformed"],
    ['{"verdict": "revise", "problems": []}', "malformed"],
    [{ text: "{", finishReason: "length" }, "malformed"],
    [{ hangs: true }, "timeout"],
    [{ failure: new Error("connection lost") }, "endpoint"],
    [written({ kind: "off topic", quote: "Take a hundred pills at midnight under the moon." }), "malformed"],
  ];
  for (const [line, kind] of failing) {
    const auditor = chatAuditor(scriptedChatModel([line]), { maxRetries: 0, timeoutMs: 50 });
    const { answer, outcome, critique } = await reflect({ ...STARS, auditor });
    assert.deepEqual([answer, outcome, critique.failure?.kind], [STARS.draft, "unchecked", kind]);
  }
});

Deno.test("reflect() repairs what the rules find, and tells of the failure, when no critique comes", async () => {
  const { auditor } = scripted({ failure: new Error("connection lost") });
  const { answer, outcome, critique } = await reflect({ ...WARFARIN, auditor });
  assert.deepEqual([answer, outcome], [`${MENDED} ${RIGHT}`, "repaired"]);
  assert.equal(critique.failure?.kind, "endpoint");
});

Deno.test("reflect() takes an auditor that throws or never ends for one that failed", async () => {
  const never: Auditor = {
    name: "never",
    begin: () => ({
      critique: () => new Promise(() => {}),
      refine: () => new Promise(() => {}),
      recheck: () => new Promise(() => {}),
    }),
  };
  const throwing: Auditor = {
    name: "throwing",
    begin() {
      throw new Error("no memory");
    },
  };
  for (const [auditor, kind] of [[never, "timeout"], [throwing, "endpoint"]] as const) {
    const { outcome, critique } = await reflect({ ...STARS, auditor, timeoutMs: 30 });
    assert.deepEqual([outcome, critique.failure?.kind], ["unchecked", kind]);
  }
});

Deno.test("reflect() without an auditor is the rules alone", async () => {
  const { answer, outcome, stages } = await reflect({ ...WARFARIN, auditor: null });
  assert.deepEqual([answer, outcome], [`${MENDED} ${RIGHT}`, "repaired"]);
  assert.deepEqual(stages.map(({ stage, promptTokens }) => [stage, promptTokens]), [["critique", 0]]);
  assert.equal((await reflect({ ...STARS, auditor: null })).outcome, "kept");
  await assert.rejects(reflect({ ...STARS, auditor: null, rules: false }), RangeError);
});

Deno.test("reflect() throws the reason of its signal, at once and in the midst", async () => {
  const reason = new Error("left");
  const { auditor } = scripted({ hangs: true }, { hangs: true });
  await assert.rejects(reflect({ ...WARFARIN, auditor, signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const run = reflect({
    ...WARFARIN,
    auditor,
    signal: controller.signal,
    onStage: () => setTimeout(() => controller.abort(reason), 5),
  });
  await assert.rejects(run, reason);
});

Deno.test("audit() drops what is quoted from nowhere and what is plainly not so, and counts it", async () => {
  const { auditor } = scripted(written(
    STAR_PROBLEM,
    { kind: "dosing", quote: RIGHT },
    { kind: "off topic", quote: RIGHT },
    { kind: "invented evidence", quote: RIGHT },
    { kind: "off topic", quote: "Swallow nineteen capsules of gold." },
    // There is no dose in any sentence, whichever was meant.
    { kind: "dosing", quote: "Swallow nineteen capsules of gold." },
  ));
  const { problems, dropped, verdict } = await audit(STARS, { auditor });
  assert.deepEqual(problems, [{ ...STAR_PROBLEM, source: "model" }]);
  assert.deepEqual(dropped.map(({ because }) => because), [
    "refuted",
    "refuted",
    "refuted",
    "quote not found",
    "refuted",
  ]);
  assert.equal(verdict, "revise");
});

Deno.test("audit() finds a quote in spite of slips, capitals and white space", async () => {
  for (
    const quote of [
      "you can SAFELY\nuse aspirin [1].",
      '"You can safely use aspirin"',
      "You can safely use aspirine [1].",
    ]
  ) {
    const { auditor } = scripted(written({ kind: "contraindication", quote }));
    const { problems, dropped } = await audit(WARFARIN, { auditor, rules: false });
    assert.equal(dropped.length, 0, quote);
    assert.ok(FAULTY.includes(problems[0].quote), quote);
  }
});

Deno.test("reflect() gives an answer whatever the model writes", async () => {
  const pieces = [
    "{",
    "}",
    '"verdict"',
    ": ",
    '"revise"',
    '"pass"',
    '"problems"',
    "[",
    "]",
    '{"kind": "dosing", "quote": "Rest"}',
    RIGHT,
    "[9]",
  ];
  const line = fc.oneof(
    anyText({ maxLength: 80 }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((all) => all.join("")),
    fc.constantFrom(written(PROBLEM), written(), `${MENDED} ${RIGHT}`, written(STAR_PROBLEM)),
  );
  await fc.assert(
    fc.asyncProperty(line, line, line, async (...lines) => {
      const { auditor } = scripted(...lines.map((text) => ({ text })));
      const { answer, outcome, refusals, critique } = await reflect({ ...WARFARIN, auditor });
      // The rules know of the fault: whatever is said, it goes, and the right sentence stays unless the model named it.
      assert.ok(!answer.includes(FAULTY), `${outcome} ${refusals}`);
      if (critique.problems.length === 1) assert.ok(answer.includes("ease a headache [3]"), answer);
    }),
    { numRuns: 60 },
  );
});
